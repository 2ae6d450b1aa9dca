"""Whether a version is rated worse than the one before it: a sequential test that may be looked at after every rating.

Each rating of the new version is paired with one of the previous version. Of a pair of which one was liked and the
other not, the new version is the disliked one with probability 1/2 at most, while it is no worse. The test bets
against that: evidence is multiplied by 2q when the new version loses such a pair and by 2(1 - q) when it wins, averaged
over several q above 1/2. While the new version is no worse, evidence is a supermartingale that begins at 1, so the
chance that it ever reaches 1/alpha is at most alpha (Ville's inequality), however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Rating = Literal["up", "down"]

_BETS = (0.55, 0.65, 0.75, 0.85, 0.95)
"""Shares of undecided pairs that a worse version may lose: small steps and large ones."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What pairs of ratings say.

    Attributes:
        pairs: Pairs compared, alike ones included.
        lost, won: Pairs in which only the previous, or only the new version was liked.
        peak: The largest evidence there was; at `1 / alpha` the new version counts as worse.
    """

    pairs: int = 0
    lost: int = 0
    won: int = 0
    peak: float = 1.0

    def worse(self, alpha: float) -> bool:
        """Whether the new version is rated worse, wrongly with a chance of at most `alpha` over its whole life."""
        return self.peak >= 1 / alpha


def evidence(previous: Iterable[Rating], new: Iterable[Rating]) -> Evidence:
    """Pair the ratings in their order, as far as both go."""
    pairs = lost = won = 0
    peak = 1.0
    for before, after in zip(previous, new, strict=False):
        pairs += 1
        if before == after:
            continue
        lost += after == "down"
        won += after == "up"
        peak = max(peak, _evidence(lost, won))
    return Evidence(pairs, lost, won, peak)


def _evidence(lost: int, won: int) -> float:
    logs: Sequence[float] = [lost * math.log(2 * q) + won * math.log(2 * (1 - q)) for q in _BETS]
    largest = max(logs)
    if largest > 600:  # beyond what a float holds, and beyond doubt
        return math.inf
    return sum(math.exp(value) for value in logs) / len(_BETS)
