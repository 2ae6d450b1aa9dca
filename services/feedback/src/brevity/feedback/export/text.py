"""Text made fit for a page: no control characters, a direction, bounded length, places to break."""

from __future__ import annotations

import re
import unicodedata

# Characters a page cannot show and that can reorder or hide what stands beside them: controls, private use and
# lone surrogates, embeddings, overrides and isolates, tags. Joiners and direction marks stay: spelling needs them.
_KEPT_FORMATS = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060"
_DROPPED_CATEGORIES = {"Cc", "Cs", "Co", "Cn", "Cf"}
_RTL = {"R", "AL"}
# Longest run of characters without a blank that fits on every line of the page.
_LONGEST_WORD = 40
_LONG_RUN = re.compile(rf"[^\s\u200b]{{{_LONGEST_WORD + 1},}}")
# Scripts that break between letters or by dictionary, so a long run of them is no long word.
_BREAKS_ANYWHERE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_ZERO_WIDTH_SPACE = "\u200b"


def clean(text: str) -> str:
    """`text` on one line, without characters that a page cannot show or that reorder their surroundings."""
    return " ".join(
        "".join(
            " "
            if char.isspace() or char in "\x85\u2028\u2029"
            else ""
            if unicodedata.category(char) in _DROPPED_CATEGORIES and char not in _KEPT_FORMATS
            else char
            for char in text
        ).split()
    )


def paragraphs(text: str) -> tuple[str, ...]:
    """The lines of `text` that hold something, cleaned."""
    return tuple(line for raw in text.splitlines() if (line := clean(raw)))


def is_rtl(text: str) -> bool:
    """Whether most letters of `text` are written from right to left.

    The majority and not the first letter decides: an Arabic sentence may begin with a Latin name.
    """
    classes = [unicodedata.bidirectional(char) for char in text]
    return sum(c in _RTL for c in classes) > sum(c == "L" for c in classes)


def shorten(text: str, limit: int) -> str:
    """`text` of at most some `limit` characters: its beginning and end, the middle replaced by an ellipsis."""
    if len(text) <= limit:
        return text
    head, tail = _cut(text, limit * 3 // 4, back=True), _cut(text, len(text) - limit // 4, back=False)
    return f"{text[:head].rstrip()} […] {text[tail:].lstrip()}"


def _cut(text: str, at: int, *, back: bool) -> int:
    """A place near `at` between words, else between characters as a reader sees them."""
    step = -1 if back else 1
    for place in range(at, at + 30 * step, step):
        if text[place - 1].isspace() or text[place].isspace():
            return place
    while _joins(text[at - 1], text[at]) and 1 < at < len(text) - 1:
        at += step
    return at


def _joins(left: str, right: str) -> bool:
    joiners = ("\u200c", "\u200d")
    # A consonant after a virama (combining class 9) belongs to the conjunct before it.
    return (
        unicodedata.category(right).startswith("M")
        or right in joiners
        or left in joiners
        or unicodedata.combining(left) == 9
    )


def breakable(text: str) -> str:
    """`text` with invisible places to break inside words too long for a line."""
    return _LONG_RUN.sub(lambda match: _break(match.group()), text)


def _break(word: str) -> str:
    if _BREAKS_ANYWHERE.search(word):
        return word
    pieces, start = [], 0
    for place in range(1, len(word)):
        if place - start >= _LONGEST_WORD and not _joins(word[place - 1], word[place]):
            pieces.append(word[start:place])
            start = place
    return _ZERO_WIDTH_SPACE.join([*pieces, word[start:]])


def slug(text: str, limit: int = 60) -> str:
    """ASCII letters, digits, dots, dashes and underscores of `text`, fit for a file name; may be empty."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\.{2,}|[^A-Za-z0-9._-]+", "-", ascii_text).strip("-._")[:limit].rstrip("-._")
