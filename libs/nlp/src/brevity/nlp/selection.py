"""Which sentences to take: the best first, little said twice, within a number of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brevity.nlp.rouge import ngrams
from brevity.nlp.terms import Array

CANDIDATES_A_WORD = 1.0
MIN_CANDIDATES = 60
MAX_CANDIDATES = 1_000
"""How many of the best sentences are looked at: bounds the work whatever the document's length."""

REDUNDANCY = 0.6
"""How much a sentence loses, in spreads of the scores, when all of its word pairs were taken already."""


def select(
    scores: Array, words: Sequence[Sequence[str]], sizes: Sequence[int], budget: int, *, whole: bool = True
) -> list[int]:
    """Numbers of the sentences taken, best first; [] when none fits.

    Args:
        scores: Fitness of each sentence.
        words: Tokens of each sentence.
        sizes: Length of each in words; a sentence of 0 is never taken.
        budget: Words wanted, at most.
        whole: Whether every sentence must fit; else the last may be longer than what is left.
    """
    keep = min(MAX_CANDIDATES, max(MIN_CANDIDATES, int(budget * CANDIDATES_A_WORD)))
    ranked = [int(i) for i in np.argsort(-scores, kind="stable") if sizes[i] > 0]
    open_ = [i for i in ranked if not whole or sizes[i] <= budget][:keep]
    penalty = REDUNDANCY * (float(np.std(scores)) or 1.0)
    pairs = {i: set(ngrams(words[i], 2)) for i in open_}
    seen: set[tuple[str, ...]] = set()
    chosen: list[int] = []
    left = budget
    while left > 0 and open_:
        best = _best(open_, scores, pairs, seen, penalty)
        chosen.append(best)
        left -= sizes[best]
        seen |= pairs[best]
        open_ = [i for i in open_ if i != best and (not whole or sizes[i] <= left)]
    return chosen


def _best(
    ranked: Sequence[int],
    scores: Array,
    pairs: dict[int, set[tuple[str, ...]]],
    seen: set[tuple[str, ...]],
    penalty: float,
) -> int:
    """The fittest, repetition taken off; stops looking where no later sentence can win."""
    best, best_value = ranked[0], float("-inf")
    for i in ranked:
        if scores[i] <= best_value:
            break
        own = pairs[i]
        value = float(scores[i]) - penalty * (len(own & seen) / len(own) if own else 1.0)
        if value > best_value:
            best, best_value = i, value
    return best
