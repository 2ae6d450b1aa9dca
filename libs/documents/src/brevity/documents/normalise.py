"""One form for equal texts, and the refusal of what is not prose. Linear time, and memory of about twice the text.

A text is worked on piece by piece, so that no step holds the interpreter for long and none makes a list of a document's
lines or words. Runs of combining marks are bounded first: putting a run into its canonical order takes the square of its
length (Unicode Standard Annex #15, section 13: the Stream-Safe Text Format).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator

from brevity.common.errors import Rejected

_DROPPED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile("\r\n|[\r\x0c\x85\u2028]")
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Whatever the two above change: most pieces hold none of it, and one look tells."""
_ASCII = dict.fromkeys((*range(9), 11, *range(14, 32), 127)) | {0x0C: "\n", 0x0D: "\n"}
"""The same for pieces of ASCII."""
_TRAILING = re.compile(r"\n(?<=[^\S\n]\n)")  # from one line end to the next, instead of at every character
_RUNS = re.compile(r"\n{3,}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LONGEST_WORD = 1_000
_SAMPLE = 20_000

PIECE = 65_536
"""Characters worked on at once."""
MOST_MARKS = 30
"""Combining marks in a row; no word of any script has nearly as many. Further ones begin a new run."""
_GRAPHEME_JOINER = "\u034f"
"""Combines with nothing."""
_MARKS = re.compile(f"[{''.join(filter(unicodedata.combining, map(chr, range(sys.maxunicode + 1))))}]*")
_DECOMPOSED = (("\u0f73", "\u0f71\u0f72"), ("\u0f75", "\u0f71\u0f74"), ("\u0f81", "\u0f71\u0f80"))
"""The characters that are no marks, but decompose to marks only."""
_CUTS = (
    re.compile("[\u2028\u2029]"),
    re.compile("(?=[0-9A-Za-z\u034f\u3400-\u9fff\uac00-\ud7a3])"),
)
"""Where a text without lines and blanks may be cut, best first: no character composes across any of these places."""


def normalise(text: str) -> str:
    """NFC, `\\n` line ends, no control characters, no trailing blanks, at most one empty line in a row."""
    parts: list[str] = []
    blank: list[str] = []  # what may turn out to be the end of a line
    for piece in _pieces(text):
        composed = _compose(piece)
        body = composed.strip()
        if not body:
            blank.append(composed)
            continue
        start = composed.index(body[0])
        end = start + len(body)
        if parts:
            parts.append(_gap("".join((*blank, composed[:start]))))
        blank = [composed[end:]]
        if _TRAILING.search(body):
            body = "\n".join(line.rstrip() for line in body.split("\n"))
        parts.append(_RUNS.sub("\n\n", body) if "\n\n\n" in body else body)
    return "".join(parts)


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > PIECE:
        end = _cut(text, start + PIECE // 2, start + PIECE)
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(text: str, low: int, high: int) -> int:
    for mark in "\n ":
        at = text.rfind(mark, low, high)
        if at >= 0:
            return at + 1
    for pattern in _CUTS:
        found = pattern.search(text, low, high)
        if found is not None:
            return found.end()
    return high  # nothing but marks, signs or letters of one script without a blank


def _compose(piece: str) -> str:
    if piece.isascii():
        return piece.replace("\r\n", "\n").translate(_ASCII)
    if _ODD.search(piece):
        piece = _DROPPED.sub("", _BREAKS.sub("\n", piece).replace("\u2029", "\n\n"))
    return unicodedata.normalize("NFC", _bound_marks(piece))


def _bound_marks(piece: str) -> str:
    for character, marks in _DECOMPOSED:
        piece = piece.replace(character, marks)
    parts: list[str] = []
    done, step = 0, MOST_MARKS + 1
    # A run that is too long covers one of these places.
    for hit, mark in enumerate(map(unicodedata.combining, piece[MOST_MARKS::step])):
        low = place = MOST_MARKS + hit * step
        if not mark or place < done:
            continue
        while low > done and unicodedata.combining(piece[low - 1]):
            low -= 1
        run = _MARKS.match(piece, low)
        if run is not None and len(run[0]) > MOST_MARKS:
            parts += piece[done:low], _GRAPHEME_JOINER.join(_chunks(run[0]))
            done = run.end()
    return "".join((*parts, piece[done:])) if parts else piece


def _chunks(run: str) -> Iterator[str]:
    return (run[at : at + MOST_MARKS] for at in range(0, len(run), MOST_MARKS))


def _gap(blank: str) -> str:
    """The blank between two words as it stays: without blanks at ends of lines, one empty line at most."""
    breaks = blank.count("\n")
    return "\n" * min(breaks, 2) + blank.rpartition("\n")[2] if breaks else blank


def check_prose(text: str) -> None:
    """Raises Rejected `no_text` for an empty text, `not_prose` for one that no person wrote as sentences."""
    if not text:
        raise Rejected(
            "the document holds no text",
            code="no_text",
            remedy="Send a document with text; a scanned page needs text recognition first.",
        )
    sample = text[:_SAMPLE]
    letters = sum(character.isalpha() or unicodedata.category(character)[0] == "M" for character in sample)
    if not letters:
        raise Rejected("the document holds no letters", code="no_text", remedy="Send a document with words.")
    if letters * 5 < sum(not character.isspace() for character in sample):
        raise _not_prose("less than a fifth of it is letters")
    if _has_endless_word(text) and len(_UNSPACED.findall(sample)) * 4 < letters:
        raise _not_prose(f"it holds a word of more than {_LONGEST_WORD:,} characters")


def _has_endless_word(text: str) -> bool:
    """Whether any word is longer than words are; such a word covers one of the places looked at."""
    for at in range(_LONGEST_WORD, len(text), _LONGEST_WORD):
        if text[at].isspace():
            continue
        before = text[at - _LONGEST_WORD : at + 1].rsplit(None, 1)[-1]
        after = text[at + 1 : at + 1 + _LONGEST_WORD].split(None, 1)
        here = after[0] if after and not text[at + 1].isspace() else ""
        if len(before) + len(here) > _LONGEST_WORD:
            return True
    return False


def _not_prose(why: str) -> Rejected:
    return Rejected(
        f"the document is not running text: {why}",
        code="not_prose",
        remedy="Send running text; encoded or generated data cannot be summarized.",
    )
