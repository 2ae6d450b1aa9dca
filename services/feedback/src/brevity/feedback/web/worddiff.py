"""What an edit changed, word by word. Pure; `static/diff.js` shows the same while somebody types."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

_UNSPACED = "\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff"
# Vowel signs and accents that Python's `\w` leaves out belong to their word all the same.
_MARKS = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
_TOKEN = re.compile(rf"[{_UNSPACED}]|(?:(?![{_UNSPACED}])[\w{_MARKS}])+|\s+|.", re.DOTALL)
"""A character of a script without blanks, a word, blanks, or one other sign."""

MOST_TOKENS = 6_000
"""Longer texts are shown as one deletion and one insertion: comparing them would take seconds."""


class Change(NamedTuple):
    kind: Literal["same", "deleted", "inserted"]
    text: str


def word_diff(before: str, after: str) -> list[Change]:
    """The changes that lead from `before` to `after`, in order: all but the inserted gives `before`."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(old) + len(new) > MOST_TOKENS:
        return [Change("deleted", before), Change("inserted", after)]
    changes: list[Change] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            changes.append(Change("same", "".join(old[old_start:old_end])))
            continue
        if old_end > old_start:
            changes.append(Change("deleted", "".join(old[old_start:old_end])))
        if new_end > new_start:
            changes.append(Change("inserted", "".join(new[new_start:new_end])))
    return changes
