"""Which sentences to take: the best first, little said twice, within a number of words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brevity.nlp.features import Array
from brevity.nlp.rouge import ngrams

CANDIDATES_A_WORD = 1.0
MIN_CANDIDATES = 60
MAX_CANDIDATES = 1_000
"""How many of the best sentences are looked at: bounds the work whatever the document's length."""

REDUNDANCY = 0.6
"""How much a sentence loses, in spreads of the scores, when all of its word pairs were taken already."""


def select(scores: Array, words: Sequence[Sequence[str]], sizes: Sequence[int], budget: int) -> list[int]:
    """Numbers of the sentences taken, in source order; at least one when there is any.

    Args:
        scores: Fitness of each sentence.
        words: Tokens of each sentence.
        sizes: Length of each in words.
        budget: Words wanted, at most; exceeded only by a single sentence when none is short enough.
    """
    limit = budget
    keep = min(MAX_CANDIDATES, max(MIN_CANDIDATES, int(budget * CANDIDATES_A_WORD)))
    ranked = [int(i) for i in np.argsort(-scores, kind="stable") if sizes[i] > 0]
    fitting = [i for i in ranked if sizes[i] <= limit][:keep]
    if not fitting:
        return [min(ranked[:keep], key=lambda i: sizes[i])] if ranked else []
    spread = float(np.std(scores)) or 1.0
    pairs = {i: set(ngrams(words[i], 2)) for i in fitting}
    seen: set[tuple[str, ...]] = set()
    chosen: list[int] = []
    left = limit
    values = {i: float(scores[i]) for i in fitting}
    while True:
        open_ = [i for i in fitting if i in values and sizes[i] <= left]
        best = _best(open_, values, pairs, seen, spread * REDUNDANCY)
        if best is None:
            return sorted(chosen)
        chosen.append(best)
        del values[best]
        left -= sizes[best]
        seen |= pairs[best]


def _best(
    fitting: Sequence[int],
    values: dict[int, float],
    pairs: dict[int, set[tuple[str, ...]]],
    seen: set[tuple[str, ...]],
    penalty: float,
) -> int | None:
    """The fittest, repetition taken off; stops looking where no later sentence can win."""
    best, best_value = None, float("-inf")
    for i in fitting:
        if values[i] <= best_value:
            break
        own = pairs[i]
        value = values[i] - penalty * (len(own & seen) / len(own) if own else 1.0)
        if value > best_value:
            best, best_value = i, value
    return best
