"""Values that sentence splitting, ranking and faithfulness share."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """Characters [start, end) of a text, in Unicode code points."""

    start: int
    end: int
