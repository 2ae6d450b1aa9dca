"""Cutting two long texts at what they share, so that comparing them takes time that grows with their length.

Pure. Where both hold a token once, in the same order (as patience sorting finds them), they are taken to stand for each
other; what lies between is compared by itself. All comparisons together are bounded, whatever the texts are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Gap(NamedTuple):
    """What lies between two shared tokens, the shared one that follows it, and whether it may be compared exactly."""

    old: Sequence[str]
    new: Sequence[str]
    exact: bool
    shared: str | None


def gaps(old: Sequence[str], new: Sequence[str], at_once: int, in_all: int) -> Iterator[Gap]:
    """Both texts, cut; one gap when comparing them exactly is cheap.

    Args:
        at_once: Most pairs of tokens to compare exactly in one gap.
        in_all: And in all gaps.
    """
    cells = len(old) * len(new)
    if cells <= at_once:
        yield Gap(old, new, cells <= in_all, None)
        return
    old_at = new_at = 0
    for old_place, new_place in _anchors(old, new):
        gap = old[old_at:old_place], new[new_at:new_place]
        cells = len(gap[0]) * len(gap[1])
        exact = cells <= at_once and cells <= in_all
        in_all -= cells if exact else 0
        yield Gap(*gap, exact, old[old_place])
        old_at, new_at = old_place + 1, new_place + 1
    cells = (len(old) - old_at) * (len(new) - new_at)
    yield Gap(old[old_at:], new[new_at:], cells <= at_once and cells <= in_all, None)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Places of tokens that both hold once: the longest run of them that is in the same order in both."""
    in_old, in_new = Counter(old), Counter(new)
    places = {token: place for place, token in enumerate(new) if in_new[token] == 1}
    pairs = [(at, places[token]) for at, token in enumerate(old) if in_old[token] == 1 and token in places]
    ends: list[int] = []  # the smallest place in `new` at which a run of each length ends
    last: list[int] = []  # and the pair that it is
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1], last[length : length + 1] = [place], [number]
    run: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]
