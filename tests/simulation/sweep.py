"""Many seeds, one count."""

from __future__ import annotations

import gc
import logging
from collections import Counter
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from tests.simulation.faults import ALL
from tests.simulation.world import Verdict, World


@dataclass(slots=True)
class Sweep:
    seeds: int = 0
    records: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    failed: list[Verdict] = field(default_factory=list[Verdict])


@contextmanager
def quiet() -> Generator[None]:
    """Without the stage's own log, which would be most of the time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def sweep(seeds: Iterable[int], kinds: tuple[str, ...] = ALL) -> Sweep:
    """Run `seeds`, all of them."""
    found = Sweep()
    for seed in seeds:
        verdict = World(seed, kinds).run()
        found.seeds += 1
        found.records += verdict.records
        found.faults += verdict.faults
        if not verdict.clean:
            found.failed.append(verdict)
    gc.collect()
    return found
