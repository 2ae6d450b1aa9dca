"""Words of a text in any script, found and counted in one linear pass.

Scripts that put blanks between words are split into runs of letters, digits and their combining marks (the idea
of Unicode Standard Annex #29, word boundaries, without its dictionaries). Scripts written without blanks cannot
be split so; there, words are estimated from characters:

- Chinese characters and kana: 1.7 characters a word. The segmented corpora of the second SIGHAN bakeoff
  (Emerson 2005, table 1) hold 1.66 (PKU) and 1.71 (MSR) characters a word.
- Thai, Lao, Khmer, Burmese: 4.5 characters a word, marks included. A convention, near the mean word of Thai
  dictionary segmentation.

Each unbroken run rounds up, so that a run is never nothing.
"""

from __future__ import annotations

import re
from collections import Counter

CJK_CHARACTERS_A_WORD = 1.7
SOUTHEAST_ASIAN_CHARACTERS_A_WORD = 4.5

_CHARACTERS_A_WORD = {"cjk": CJK_CHARACTERS_A_WORD, "sea": SOUTHEAST_ASIAN_CHARACTERS_A_WORD}

CJK = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
SOUTHEAST_ASIAN = "\u0e01-\u0e4e\u0e80-\u0ece\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u17dc\u17dd"

# Python's \w leaves out combining marks, without which Indic, Hebrew and Arabic words fall apart; the two dandas
# (U+0964, U+0965) are full stops and stay out.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b82\u0bbe-\u0bd7\u0c00-\u0c04\u0c3c-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d57"
    "\u0d81-\u0ddf\u0f71-\u0f84\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0\ufe20-\ufe2f"
)
_LETTER = rf"(?:(?![{CJK}{SOUTHEAST_ASIAN}_])[\w{_MARKS}])"
_NUMBER = r"\d+(?:[.,\u066b\u066c'\u2019\u00a0\u202f]\d+)+"
_PLAIN = rf"{_LETTER}+(?:['\u2019\u2010\u2011-]{_LETTER}+)*"

# What a word is, everywhere in this library: `it's`, `well-known` and `1,000.5` are one word each.
WORD = re.compile(
    rf"(?P<cjk>[{CJK}]+)|(?P<sea>[{SOUTHEAST_ASIAN}]+)|(?P<number>{_NUMBER}(?!\w))|(?P<plain>{_PLAIN})"
)


# The same words, counted by steps that each go over a piece at the speed of C.
_ASCII_WORD = re.compile(r"\d+(?:[.,']\d+)+(?!\w)|[0-9A-Za-z]+(?:['-][0-9A-Za-z]+)*", re.ASCII)
_JOINED = re.compile(r"['.,-](?<=[0-9A-Za-z].)(?=[0-9A-Za-z])")
_RUNS = {code: "a" if chr(code).isalnum() else " " for code in range(128)}
_UNSPACED = {
    rate: re.compile(f"[{characters}]+")
    for characters, rate in (
        (CJK, CJK_CHARACTERS_A_WORD),
        (SOUTHEAST_ASIAN, SOUTHEAST_ASIAN_CHARACTERS_A_WORD),
    )
}
_ELSE = "\x1f"
"""Stands for what belongs to no word with blanks around it, where that follows a number."""
_LETTERS = rf"[\w{_MARKS}]++"
_SPACED_PLAIN = re.compile(rf"{_LETTERS}(?:['\u2019\u2010\u2011-]{_LETTERS})*+")
_SPACED_WORD = re.compile(rf"{_NUMBER}(?![\w{_ELSE}])|{_SPACED_PLAIN.pattern}")
_FIGURES = re.compile("[.,\u066b\u066c\u00a0\u202f](?<=\\d.)(?=\\d)")
"""What only numbers are joined by."""
_PIECE = 65_536


def count_words(text: str, language: str | None = None) -> int:
    """Number of words in `text`; estimated from characters where the script has no blanks (see the module).

    The script of each run decides, so `language` changes nothing today; callers pass it where they know it.
    """
    del language
    total = start = 0
    while start < len(text):
        end = _next_cut(text, start + _PIECE)
        total += _count(text[start:end])
        start = end
    return total


def _count(piece: str) -> int:
    if piece.isascii():
        if not _JOINED.search(piece):
            return f" {piece}".translate(_RUNS).count(" a")
        return len(_ASCII_WORD.findall(piece))
    total = 0
    for rate, runs in _UNSPACED.items():
        found = runs.findall(piece)
        if found:
            total += sum(many * _ceil(length / rate) for length, many in Counter(map(len, found)).items())
            piece = runs.sub(_ELSE, piece)
    words = _SPACED_WORD if _FIGURES.search(piece) else _SPACED_PLAIN
    return total + len(words.findall(piece.replace("_", _ELSE)))


def _next_cut(text: str, place: int) -> int:
    """Where `text` can be cut without cutting a word: at a blank or line end from `place` on; without one, soon."""
    blank = _BLANK.search(text, place, place + _PIECE)
    return blank.start() if blank else min(place + _PIECE, len(text))


_BLANK = re.compile("[ \n]")


def first_words(text: str, words: int) -> int:
    """Where the first `words` words of `text` end: all of it when it holds no more."""
    end = 0
    for match in WORD.finditer(text):
        held = _words_in(match)
        if held > words:  # only a run without blanks can be cut inside
            rate = _CHARACTERS_A_WORD.get(match.lastgroup or "", 0.0)
            return match.start() + int(words * rate) if rate and words else end
        words -= held
        end = match.end()
    return len(text)


def _words_in(match: re.Match[str]) -> int:
    rate = _CHARACTERS_A_WORD.get(match.lastgroup or "")
    return _ceil((match.end() - match.start()) / rate) if rate else 1


def _ceil(value: float) -> int:
    return int(-(-value // 1))
