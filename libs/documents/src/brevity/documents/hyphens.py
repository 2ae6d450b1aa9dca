"""Words that a line's end cut in two, put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable

_BEFORE = re.compile(r"([^\W\d_]+)([-\u2010\u00ad\u00ac\x02])$")
_AFTER = re.compile(r"([^\W\d_]+)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LONG = 4
_PREFIXES = frozenset(
    [
        "all",
        "cross",
        "ex",
        "far",
        "half",
        "high",
        "long",
        "low",
        "mid",
        "multi",
        "non",
        "quasi",
        "self",
        "short",
        "so",
        "time",
        "well",
    ]
)
"""Words that keep their hyphen in English more often than not."""
_AND = frozenset(
    [
        "and",
        "or",
        "to",
        "und",
        "oder",
        "bis",
        "et",
        "ou",
        "y",
        "e",
        "o",
        "u",
        "en",
        "of",
        "och",
        "og",
        "eller",
        "i",
        "a",
        "tai",
        "ja",
    ]
)
"""Words before which a hyphen stands for what two words share: "Vor- und Nachteile"."""
_HYPHENS = "-\u2010\u00ad\u00ac\x02"
_SURE = "\u00ad\u00ac"
"""Hyphens that only ever stand where a word was cut."""
_UNSPACED = re.compile(
    "[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef\u3000-\u30ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)
_HANGUL = re.compile("[\uac00-\ud7a3]")


class Joiner:
    """Joins lines of prose.

    A hyphen at a line's end goes where the word goes on, unless the document writes the word with its hyphen
    elsewhere, or both halves are words of it and the whole is not. Scripts without blanks are joined without one.

    Args:
        words: Words of the document that are known, in lower case; `learn` adds to them.
        cuts: Whether the document cuts words at its lines' ends, as typesetters do. In one that does not, a hyphen there
            is the word's own, where editors break lines too.
    """

    def __init__(self, words: Iterable[str] = (), *, cuts: bool = True) -> None:
        self._words = set(words)
        self._cuts = cuts
        self._is_cut = False

    def learn(self, line: str) -> None:
        """Note the whole words of `line`, the next one, so that they are known when words are put together."""
        words = _WORD.findall(line.lower().replace("\u2010", "-"))
        if self._is_cut:
            words = words[1:]
        self._is_cut = line.rstrip()[-1:] in _HYPHENS
        self._words.update(words[:-1] if self._is_cut else words)

    def join(self, lines: Iterable[str]) -> str:
        """One line of all; soft hyphens within lines are dropped."""
        text = ""
        for line in lines:
            line = line.strip()
            if line:
                text = self.pair(text, line) if text else line
        return text.replace("\u00ad", "").replace("\x02", "-")

    def pair(self, before: str, after: str) -> str:
        """`before` and `after`, joined as one line."""
        cut = _BEFORE.search(before)
        goes_on = _AFTER.match(after)
        if cut and goes_on:
            return before[: cut.start(2)] + self._hyphen(cut[1], cut[2], goes_on[1]) + after
        if before[-1] == "\u00ad":
            return before[:-1] + after
        if (
            before[-1] in "-\u2010\x02"
            and len(before) > 1
            and not before[-2].isspace()
            and after[0].isalnum()
        ):
            return before + after  # a number's or an identifier's
        return before + after if _unspaced(before[-1], after[0]) else f"{before} {after}"

    def _hyphen(self, first: str, hyphen: str, second: str) -> str:
        """What stands between two halves: nothing, or a hyphen."""
        one, two = first.lower(), second.lower()
        if two in _AND:
            return "- "
        if f"{one}-{two}" in self._words:
            return "-"
        if one + two in self._words or hyphen in _SURE:
            return ""
        if not second[0].islower():
            return "-"  # "Nord-" before "Ost", "COVID-" before "Fall"
        both = min(len(one), len(two)) >= _LONG and one in self._words and two in self._words
        return "-" if both or one in _PREFIXES or not self._cuts else ""


def _unspaced(before: str, after: str) -> bool:
    """Whether a line's end between the two stands for nothing, as in Chinese, Japanese and Thai."""
    if not _UNSPACED.match(before) or not _UNSPACED.match(after):
        return False
    return not (_HANGUL.match(before) or _HANGUL.match(after))
