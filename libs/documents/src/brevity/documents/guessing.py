"""Which encoding a text is in that does not say so: the reading in which its bytes surprise least.

Each encoding that can be true gives a reading of a sample. Under each language a character has a likelihood, by its rank
in `alphabets`; what the language is not written with has next to none, nor has a capital or a sign in the middle of a
word. The sum of logarithms, with what the words in ASCII say of the language, is the reading's score: the best one wins,
and its distance from the next and from what real texts score tell how sure that is. Linear in a bounded sample.
"""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from brevity.documents import alphabets

SINGLE_BYTE = ["cp1252", "cp1250", "cp1251", "iso8859-2", "iso8859-15", "cp850", "mac-roman", "koi8-r", "koi8-u", "cp866", "iso8859-5", "cp1253", "iso8859-7", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp852", "cp437", "mac-cyrillic", "iso8859-6", "iso8859-13", "cp775", "mac-latin2", "cp737", "cp857", "cp862"]  # fmt: skip
MULTI_BYTE = ("gb18030", "big5", "cp932", "euc_jp", "cp949")
"""Best known first: of readings that are the same text, the first counts."""

_RARER = {encoding: 0.2 * place for place, encoding in enumerate(SINGLE_BYTE)}
"""What an encoding loses that is seldom met; it counts where a text has few characters beyond ASCII."""
_SAMPLE = 16_384
_NEVER = math.log(1e-5)
"""Of a character that the language is not written with, or that stands where it cannot."""
_WORD_BONUS = 1.5
_MOST_BONUS = 40.0
_SHARE_OF_SIGNS = 0.1
_SURE_MARGIN = 4.0
_LIKELY, _POSSIBLE = -4.4, -5.5
"""Mean log-likelihood of a character beyond ASCII above which a reading is sure, below which it is none: real texts have
-3.5 mostly, misread ones -6."""
_LIKELY_WIDE, _POSSIBLE_WIDE = -8.4, -9.0
"""The same of scripts of thousands of characters."""

_HIGH_LINE = re.compile(rb"[^\n]*[\x80-\xff][^\n]*\n?")
_ASCII_WORD = re.compile(rb"(?<![A-Za-z\x80-\xff])[A-Za-z]+(?![A-Za-z])")
_C1 = re.compile("[\x80-\x9f]")
_MIXED = re.compile("[A-Za-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][A-Za-z]")
_MISPLACED = re.compile(
    r"(?<=[^\W\d_])(?:[^\w\s\x00-\x7f’·‐\u0300-\u036f\u0591-\u05c7\u0e31-\u0e4e\u064b-\u0652]|_)(?=[^\W\d_])"
)
_CAPITAL = re.compile(r"(?<=[^\W\d_])[^\W\d_](?![\s.])")


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest encoding (Python's name) and whether it is sure."""

    encoding: str
    sure: bool


def guess(data: bytes) -> Guess | None:
    """The encoding of text that is neither UTF-8 nor marked; None when no reading of it looks like any language."""
    sample = _sample(data)
    words = _words(sample)
    scored: list[tuple[float, float, str, str]] = []
    known: dict[str, tuple[float, float]] = {}  # many encodings differ in nothing that the sample holds
    for encoding in (*SINGLE_BYTE, *MULTI_BYTE):
        text = _read(sample, encoding)
        if text is not None:
            languages = _WIDE.get(encoding)
            if languages is None and text not in known:
                known[text] = _score(text, words, _NARROW)
            score, bare = _score(text, words, languages) if languages else known[text]
            scored.append((score - _RARER.get(encoding, 0.0), bare, encoding, text))
    if not scored:
        return None
    scored.sort(key=lambda row: -row[0])  # stable: best known first
    best, bare, encoding, text = scored[0]
    mean = bare / max(1, sum(character > "\x7f" for character in text))
    likely, possible = (_LIKELY_WIDE, _POSSIBLE_WIDE) if encoding in MULTI_BYTE else (_LIKELY, _POSSIBLE)
    if mean < possible:
        return None
    next_best = next((score for score, _, _, other in scored[1:] if other != text), -math.inf)
    return Guess(encoding, mean >= likely and best - next_best >= _SURE_MARGIN)


def likely(text: str) -> bool:
    """Whether the characters of `text` beyond ASCII look like those of some language."""
    high = sum(character > "\x7f" for character in text)
    if not high:
        return True
    narrow, wide = (_score(text, {}, languages)[0] / high for languages in (_NARROW, tuple(_RARE)))
    return narrow >= _POSSIBLE or wide >= _POSSIBLE_WIDE


def _sample(data: bytes) -> bytes:
    """Lines that are not all ASCII, as many as are enough."""
    lines: list[bytes] = []
    size = 0
    for line in _HIGH_LINE.finditer(data):
        lines.append(line[0][: _SAMPLE - size])
        size += len(lines[-1])
        if size >= _SAMPLE:
            break
    return b"".join(lines)


def _read(sample: bytes, encoding: str) -> str | None:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # may end within a character
    except (UnicodeDecodeError, LookupError):
        return None
    return None if _C1.search(text) else text


def _words(sample: bytes) -> dict[str, float]:
    """What the words in ASCII add to each Latin language."""
    found = Counter(word.lower().decode() for word in _ASCII_WORD.findall(sample))
    return {
        language: min(_MOST_BONUS, _WORD_BONUS * sum(many for word, many in found.items() if word in common))
        for language, common in _COMMON.items()
    }


def _score(text: str, words: dict[str, float], languages: Iterable[str]) -> tuple[float, float]:
    """Under the best of `languages`: with what the words say, and without."""
    misplaced = sum(1 for _ in _misplaced(text)) * _NEVER / 2
    counts = Counter(character for character in text if character > "\x7f")
    best, bare = -math.inf, -math.inf
    for language in languages:
        likely = _TABLES[language]
        rare = _RARE.get(language)
        if rare is None:
            total = misplaced + sum([many * likely.get(c, _NEVER) for c, many in counts.items()])
        else:
            total = misplaced + sum([many * (likely.get(c) or rare(c)) for c, many in counts.items()])
        best, bare = max((best, bare), (total + words.get(language, 0.0), total))
    return best, bare


def _misplaced(text: str) -> Iterator[object]:
    """Signs within words, letters of two scripts side by side, and capitals after small letters."""
    yield from _MISPLACED.finditer(text)
    yield from _MIXED.finditer(text)
    for found in _CAPITAL.finditer(text):
        character = found[0]
        before = text[found.start() - 1]
        if (character > "\x7f" or before > "\x7f") and character.isupper() and before.islower():
            yield found


def _ranked(characters: str, share: float, slope: float) -> dict[str, float]:
    """Likelihoods that fall with the rank, `share` in all."""
    weights = {character: 1 / (slope + rank) for rank, character in enumerate(characters)}
    total = sum(weights.values())
    return {character: math.log(share * weight / total) for character, weight in weights.items()}


def _table(letters: str, capitals: str = "", *, slope: float = 3.0) -> dict[str, float]:
    share = 1 - _SHARE_OF_SIGNS
    table = _ranked(alphabets.PUNCTUATION, _SHARE_OF_SIGNS, 1.0)
    if capitals:
        table |= _ranked(capitals, 0.05, slope)
        share -= 0.05
    return table | _ranked(letters, share, slope)


def _cased(letters: str) -> dict[str, float]:
    capitals = "".join(letter.upper() for letter in letters if len(letter.upper()) == 1 != letter.isupper())
    return _table(letters, "".join(c for c in dict.fromkeys(capitals) if c not in letters), slope=8.0)


def _wide(frequent: str, share: float) -> dict[str, float]:
    """Of a script of thousands of characters: `share` for those that are frequent."""
    signs = _ranked(alphabets.CJK_PUNCTUATION, 0.12, 2.0)
    return signs | _ranked("".join(dict.fromkeys(frequent)), share, 60.0)


def _rare_han(character: str) -> float:
    return math.log(0.25 / 6_000) if "\u4e00" <= character <= "\u9fff" else 2 * _NEVER


def _rare_japanese(character: str) -> float:
    if "\u3041" <= character <= "\u30fe":
        return math.log(1e-3)
    return math.log(0.25 / 3_000) if "\u4e00" <= character <= "\u9fff" else 2 * _NEVER


def _rare_hangul(character: str) -> float:
    return math.log(0.3 / 2_200) if "\uac00" <= character <= "\ud7a3" else 2 * _NEVER


_TABLES = {
    **{language: _table(letters) for language, letters in alphabets.LATIN.items()},
    **{language: _cased(letters) for language, letters in alphabets.OTHER.items()},
    "zh": _wide(alphabets.HAN, 0.63),
    "zh-Hant": _wide(alphabets.HAN_OLD + alphabets.HAN, 0.63),
    "ja": _wide(alphabets.KANA + alphabets.KANJI, 0.73),
    "ko": _wide(alphabets.HANGUL, 0.60),
}
_RARE = {"zh": _rare_han, "zh-Hant": _rare_han, "ja": _rare_japanese, "ko": _rare_hangul}
_COMMON = {language: frozenset(words.split()) for language, words in alphabets.WORDS.items()}
_WIDE = {
    "gb18030": ("zh", "zh-Hant"),
    "big5": ("zh-Hant",),
    "cp932": ("ja",),
    "euc_jp": ("ja",),
    "cp949": ("ko",),
}
_NARROW = tuple(language for language in _TABLES if language not in _RARE)
