"""What an edit changed, word by word. Pure; `static/diff.js` shows the same while somebody types.

Long texts are compared from one token that each holds once to the next, and what lies between where it is short enough:
the longest edits take some tenths of a second.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from brevity.feedback.anchors import gaps

_UNSPACED = "\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff"
# Vowel signs and accents that Python's `\w` leaves out belong to their word all the same.
_MARKS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w{_MARKS}])+|\s+|.", re.DOTALL)
"""A character of a script without blanks, a word, blanks, or one other sign."""

_AT_ONCE, _IN_ALL = 4_000_000, 12_000_000
"""Pairs of tokens that are compared exactly: 2,000 with 2,000 take some 10 ms."""

Kind = Literal["same", "deleted", "inserted"]
Step = tuple[Kind, str]


class Change(NamedTuple):
    kind: Kind
    text: str


def word_diff(before: str, after: str) -> list[Change]:
    """The changes that lead from `before` to `after`, in order: all but the inserted gives `before`."""
    steps = _compared(_TOKEN.findall(before), _TOKEN.findall(after))
    return [Change(kind, "".join(text for _, text in run)) for kind, run in groupby(steps, _kind)]


def _kind(step: Step) -> Kind:
    return step[0]


def _compared(old: list[str], new: list[str]) -> Iterator[Step]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    yield from _all("same", old[:start])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    for gap in gaps(old_middle, new_middle, _AT_ONCE, _IN_ALL):
        if gap.exact and gap.old and gap.new:
            yield from _exactly(gap.old, gap.new)
        else:
            yield from _all("deleted", gap.old)
            yield from _all("inserted", gap.new)
        if gap.shared is not None:
            yield "same", gap.shared
    yield from _all("same", old[len(old) - end :])


def _all(kind: Kind, tokens: Sequence[str]) -> Iterator[Step]:
    return ((kind, token) for token in tokens)


def _exactly(old: Sequence[str], new: Sequence[str]) -> Iterator[Step]:
    """By a longest common subsequence; neither is empty.

    Hyyrö (2004), "Bit-parallel LCS-length computation revisited": one long number holds a row of the table, a bit a
    token of `old`, 0 where the subsequence grows there.
    """
    held: dict[str, int] = {}
    for place, token in enumerate(old):
        held[token] = held.get(token, 0) | 1 << place
    row = mask = (1 << len(old)) - 1
    rows: list[int] = []
    for token in new:
        matching = row & held.get(token, 0)
        row = ((row + matching) | (row - matching)) & mask
        rows.append(row)
    backwards: list[Step] = []
    i, j = len(old), len(new)
    while i and j:
        if rows[j - 1] >> (i - 1) & 1:
            i -= 1
            backwards.append(("deleted", old[i]))
        elif j > 1 and not rows[j - 2] >> (i - 1) & 1:
            j -= 1
            backwards.append(("inserted", new[j]))
        else:
            i, j = i - 1, j - 1
            backwards.append(("same", old[i]))
    yield from _deletions_first([*_all("deleted", old[:i]), *_all("inserted", new[:j]), *backwards[::-1]])


def _deletions_first(steps: Sequence[Step]) -> Iterator[Step]:
    """Between two tokens that stayed, what went before what came: easier to read, and the same change."""
    inserted: list[Step] = []
    for step in steps:
        if step[0] == "inserted":
            inserted.append(step)
            continue
        if step[0] == "same":
            yield from inserted
            inserted = []
        yield step
    yield from inserted
