"""Where the topic of a conversation changes: between which turns.

TextTiling (Hearst 1997, "TextTiling: Segmenting Text into Multi-paragraph Subtopic Passages") with turns for its
sentences: the words just before a gap are compared with those just after it, and a gap is a boundary where that
similarity lies deep below its surroundings. Words are cut to six letters, as in `brevity.nlp.alignment`, so no language
needs a list of its own. One pass, whatever the length.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from brevity.nlp.alignment import units

BLOCK = 6
"""Turns on each side of a gap that are compared."""
_COMMON = 1 / 3
"""A word in more of the turns than this tells nothing about their topic."""


def topic_shifts(turns: Sequence[str]) -> set[int]:
    """Numbers of the turns that begin a new topic; empty when there are too few turns to tell."""
    if len(turns) < 2 * BLOCK:
        return set()
    bags = _bags(turns)
    # At its two ends a conversation has no whole block to compare with, and looks as if it changed.
    depths = _depths(_similarities(bags)[BLOCK - 1 : len(turns) - BLOCK])
    mean = sum(depths) / len(depths)
    spread = math.sqrt(sum((depth - mean) ** 2 for depth in depths) / len(depths))
    floor = mean + spread
    return {
        number + BLOCK
        for number, depth in enumerate(depths)
        if depth > floor and depth == max(depths[max(0, number - BLOCK) : number + BLOCK + 1])
    }


def _bags(turns: Sequence[str]) -> list[Counter[str]]:
    """The words of each turn, without those that most turns hold."""
    bags = [Counter(units(turn)) for turn in turns]
    held = Counter(word for bag in bags for word in bag)
    most = _COMMON * len(bags)
    return [Counter({word: n for word, n in bag.items() if held[word] <= most}) for bag in bags]


def _similarities(bags: Sequence[Counter[str]]) -> list[float]:
    """The cosine of the blocks before and after each gap; the blocks slide, so each turn is added and taken off once."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for bag in bags[:BLOCK]:
        after.update(bag)
    found: list[float] = []
    for gap in range(1, len(bags)):
        before.update(bags[gap - 1])
        _take_off(after, bags[gap - 1])
        if gap > BLOCK:
            _take_off(before, bags[gap - 1 - BLOCK])
        if gap - 1 + BLOCK < len(bags):
            after.update(bags[gap - 1 + BLOCK])
        found.append(_cosine(before, after))
    return found


def _take_off(block: Counter[str], bag: Counter[str]) -> None:
    for word, count in bag.items():
        block[word] -= count
        if not block[word]:
            del block[word]


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    shared = sum(count * other[word] for word, count in one.items() if word in other)
    size = math.sqrt(sum(c * c for c in one.values()) * sum(c * c for c in other.values()))
    return shared / size if size else 0.0


def _depths(values: Sequence[float]) -> list[float]:
    """How far each value lies below the highest ones reached by climbing from it to both sides."""
    left = _climbs(values)
    right = _climbs(values[::-1])[::-1]
    return [a + b - 2 * value for a, b, value in zip(left, right, values, strict=True)]


def _climbs(values: Sequence[float]) -> list[float]:
    peaks: list[float] = []
    for number, value in enumerate(values):
        climbing = number > 0 and values[number - 1] >= value
        peaks.append(peaks[-1] if climbing else value)
    return peaks
