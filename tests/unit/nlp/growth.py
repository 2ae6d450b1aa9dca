"""How the cost of a function grows with its text, in processor time of this thread: no clock, no machine matters."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TIMES = 10
MOST = 60
"""Ten times the text costs ten times as much when linear, a hundred times when quadratic."""


def growth(function: Callable[[str], object], unit: str, characters: int) -> float:
    """The cost of a text of `unit`s relative to a tenth of it, the least of some runs each."""
    small = unit * (characters // TIMES // len(unit))
    return _cost(function, small * TIMES, 3) / max(_cost(function, small, 4), 1e-5)


def _cost(function: Callable[[str], object], text: str, runs: int) -> float:
    spent = []
    gc.collect()
    gc.disable()  # a collection walks all that other tests have left, however small the text
    try:
        for _ in range(runs):
            began = time.thread_time()
            function(text)
            spent.append(time.thread_time() - began)
    finally:
        gc.enable()
    return min(spent)
