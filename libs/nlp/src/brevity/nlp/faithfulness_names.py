"""Names in a summary sentence, and whether the source holds them.

A name is a run of capitalised words that does not begin a sentence, in scripts that have capitals. German
capitalises every noun, so there only runs of two words or more are looked at (a first name and a surname), and
a word counts only when the source has neither it, nor a form of it, nor its parts (compounds).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from brevity.nlp.words import WORD

_POSSESSIVE = re.compile(r"['\u2019](?:s|S)?$")
_PARTS = re.compile(r"[-'\u2019\u2010\u2011]")
# After these a capital may begin a sentence, a title or a quotation.
_OPENING = re.compile(r"[:.!?\u2026\"\u201c\u201d\u201e\u00ab\u00bb\u2018(\[\u2013\u2014*\u2022/|-]\s*$")
_TITLE_WORDS = "mr mrs ms dr prof sir herr frau hr fru madame monsieur mme m sr sra don st"
_TITLES = frozenset(_TITLE_WORDS.split())
_ENGLISH_I = frozenset({"i", "i'm", "i'd", "i've", "i'll", "i\u2019m", "i\u2019d", "i\u2019ve", "i\u2019ll"})
# A headline with most words capitalised tells nothing about names.
_TITLE_CASE_SHARE = 0.75
_TITLE_CASE_WORDS = 5
_STEM = 4
# No word needs longer stems, and a text of one endless word must stay cheap.
_MAX_STEM = 40
_MIN_COMPOUND_PART = 5


class Name(NamedTuple):
    """A run of capitalised words at [start, end)."""

    start: int
    end: int
    words: tuple[str, ...]


def find_names(sentence: str) -> list[Name]:
    """The names in one sentence, its first word left out."""
    words = [m for m in WORD.finditer(sentence) if m.lastgroup == "plain"]
    capital = [bool(m.group()[0].isupper()) for m in words]
    if len(words) >= _TITLE_CASE_WORDS and sum(capital) > _TITLE_CASE_SHARE * len(words):
        return []
    names: list[Name] = []
    run: list[re.Match[str]] = []
    for i, match in enumerate(words):
        if not capital[i] or match.group().casefold() in _ENGLISH_I or _opens(sentence, words, i):
            _close(run, names)
            continue
        if run and sentence[run[-1].end() : match.start()].strip(" \u00a0."):
            _close(run, names)
        run.append(match)
    _close(run, names)
    return names


class SourceNames:
    """The words of a source, as far as names need them."""

    def __init__(self, source: str, language: str | None) -> None:
        self._words: set[str] = set()
        initials: list[str] = []
        for match in WORD.finditer(source):
            if match.lastgroup not in ("plain", "number"):
                continue
            word = _bare(match.group())
            self._words.add(word)
            self._words.update(_PARTS.split(word))
            initials.append(word[:1])
        self._initials = "".join(initials)
        self._stems = {word[:n] for word in self._words for n in range(_STEM, min(len(word), _MAX_STEM) + 1)}
        german = (language or "").split("-")[0] == "de"
        self._ends = {word[-_MIN_COMPOUND_PART:] for word in self._words} if german else None

    def support(self, name: Name) -> bool:
        """Whether every word of `name` stands in the source, or the source spells it out or shortens it."""
        if self._ends is not None and len(name.words) == 1:
            return True
        bare = [_bare(word) for word in name.words]
        if all(word in _TITLES or self._has(word) for word in bare):
            return True
        short = "".join(word[:1] for word in bare)
        if len(bare) >= 3 and short in self._words:
            return True
        return all(
            word in _TITLES or self._has(word) or self._spelled_out(raw, word)
            for raw, word in zip(name.words, bare, strict=True)
        )

    def _has(self, word: str) -> bool:
        parts = [part for part in _PARTS.split(word) if part]
        return word in self._words or all(self._has_part(part) for part in parts)

    def _has_part(self, word: str) -> bool:
        """The word itself, or a source word that shares all of it but an ending: names are inflected too."""
        if word in self._words or not word.isalpha():
            return True
        stem = word[: min(_MAX_STEM, max(_STEM, len(word) - 3))]
        if len(word) > _STEM and stem in self._stems:
            return True
        return self._ends is not None and self._has_compound(word, self._ends)

    def _has_compound(self, word: str, ends: set[str]) -> bool:
        """A German compound whose beginning or end the source has."""
        if len(word) < 2 * _MIN_COMPOUND_PART - 2:
            return False
        return word[:_MIN_COMPOUND_PART] in self._stems or word[-_MIN_COMPOUND_PART:] in ends

    def _spelled_out(self, raw: str, word: str) -> bool:
        """An abbreviation whose letters begin consecutive words of the source, e.g. WHO."""
        letters = word.replace(".", "")
        return len(letters) >= 3 and raw.isupper() and letters in self._initials


def _opens(sentence: str, words: list[re.Match[str]], i: int) -> bool:
    return i == 0 or bool(_OPENING.search(sentence, words[i - 1].end(), words[i].start()))


def _close(run: list[re.Match[str]], names: list[Name]) -> None:
    if run:
        names.append(Name(run[0].start(), run[-1].end(), tuple(m.group() for m in run)))
        run.clear()


def _bare(word: str) -> str:
    return _POSSESSIVE.sub("", word.casefold())
