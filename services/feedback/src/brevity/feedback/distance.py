"""How far an edited summary is from the one it corrects."""

from __future__ import annotations

from collections.abc import Sequence

from brevity.feedback.anchors import Gap, gaps
from brevity.nlp.words import WORD

_AT_ONCE, _IN_ALL = 25_000_000, 50_000_000
"""Pairs of words that are compared exactly."""


def edit_distance(before: str, after: str) -> float:
    """Share of words inserted, deleted or exchanged: Levenshtein's distance in words over the longer text's words.

    0 for texts of the same words, 1 when no word was kept. Scripts without blanks are counted by character.
    Texts of some thousand words are compared exactly. Of longer ones, parts that share no word that each holds once
    count as exchanged as a whole; that takes some tenths of a second for the longest.
    """
    old, new = _words(before), _words(after)
    longest = max(len(old), len(new))
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    start = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    parts = gaps(old[start:], new[start:], _AT_ONCE, _IN_ALL)
    return min(1.0, sum(_of(part) for part in parts) / longest) if longest else 0.0


def _of(part: Gap) -> int:
    return _levenshtein(part.old, part.new) if part.exact else max(len(part.old), len(part.new))


def _words(text: str) -> list[str]:
    found: list[str] = []
    for match in WORD.finditer(text):
        found.extend(match.group() if match.lastgroup in ("cjk", "sea") else [match.group()])
    return found


def _levenshtein(old: Sequence[str], new: Sequence[str]) -> int:
    """Myers (1999), "A fast bit-vector algorithm for approximate string matching", as Hyyrö (2003) has it for whole texts.

    A column of the table lies in two numbers of a bit a word of `old`: where it grows by one from word to word, and
    where it shrinks. Numbers may be as long as the text, so that a column takes a dozen operations.
    """
    if not old or not new:
        return max(len(old), len(new))
    held: dict[str, int] = {}
    for place, word in enumerate(old):
        held[word] = held.get(word, 0) | 1 << place
    mask, last, distance = (1 << len(old)) - 1, 1 << (len(old) - 1), len(old)
    grows, shrinks = mask, 0
    for word in new:
        matching = held.get(word, 0)
        kept = ((((matching & grows) + grows) ^ grows) | matching | shrinks) & mask
        up = shrinks | (mask & ~(kept | grows))
        down = kept & grows
        distance += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & mask, down << 1 & mask
        grows = down | (mask & ~(kept | up))
        shrinks = up & kept
    return distance
