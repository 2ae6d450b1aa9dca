"""Which faults a seed draws, and how often each struck."""

from __future__ import annotations

import random
from collections import Counter

CALLS = ("unknown_outcome", "fenced", "abortable", "retriable", "stuck", "slow_call")
"""Faults of single calls to the broker."""
EVENTS = (
    "kill",
    "pause",
    "lose",
    "shuffle",
    "join",
    "leave",
    "broker_away",
    "outage",
    "expire",
    "recreate",
    "truncate",
)
"""Faults that happen at a time of their own."""
RECORDS = (
    "flaky",
    "rejected",
    "buggy",
    "killer",
    "long",
    "null_value",
    "odd_headers",
    "unreadable",
    "bomb",
    "foreign_transaction",
)
"""Records that are not plain good ones."""
WORK = ("slow_work", "random_bug")

PENDING: tuple[str, ...] = ()
"""Faults that the stage does not survive yet."""

EVERY = (*CALLS, *EVENTS, *RECORDS, *WORK)
ALL = tuple(kind for kind in EVERY if kind not in PENDING)


class Faults:
    """A seed's own choice among `kinds` (swarm testing: some seeds have few kinds and much of each)."""

    def __init__(self, seed: int, kinds: tuple[str, ...] = ALL) -> None:
        self.rng = random.Random(seed)
        share = self.rng.choice((0.15, 0.35, 0.7))
        self.rates = {
            kind: self.rng.choice((0.02, 0.05, 0.15)) for kind in kinds if self.rng.random() < share
        }
        self.struck: Counter[str] = Counter()
        self.on = True

    def has(self, kind: str) -> bool:
        return kind in self.rates

    def strikes(self, kind: str) -> bool:
        """Whether the fault happens at this call."""
        rate = self.rates.get(kind)
        if rate is None or not self.on or self.rng.random() >= rate:
            return False
        self.struck[kind] += 1
        return True
