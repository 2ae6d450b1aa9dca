"""Lines of a plain text, and which of their ends are ends of anything.

Whoever wraps a text breaks a line where the next word would not fit. So a line's end was meant where the next word would
have fitted well, and is none otherwise: a rule that knows no script and no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60]")
_THIN = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0902\u093c\u0941-\u0948\u094d\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200b-\u200f\ufe0f]"
)
_LONGEST_WORD = 14
_SLACK = 0.15
"""Share of the width that may stay empty at a wrapped line's end beside the word that did not fit."""
_WIDEST = 160
"""Columns: longer lines are paragraphs."""
_MOST_LINES = 10_000
"""A chunk of more is cut: it is worked on as a whole."""
_SHARE_WRAPPED = 0.6
_NARROWEST = 50
STOPS = ".!?…。！？।۔؟։።"
_ENDS = re.compile(rf"[{STOPS}][\"'”’»)\]›」』）]*$")


class Line(NamedTuple):
    """Characters [start, end) of the text without blanks at either end, and how far it is indented."""

    start: int
    end: int
    indent: int
    text: str


def chunks(text: str) -> Iterator[list[Line]]:
    """Lines between empty lines."""
    lines: list[Line] = []
    start = 0
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        whole = text[start:end]
        body = whole.lstrip()
        if body:
            indent = len(whole) - len(body)
            lines.append(Line(start + indent, start + len(whole.rstrip()), indent, body.rstrip()))
        if lines and (not body or len(lines) == _MOST_LINES):
            yield lines
            lines = []
        start = end + 1
    if lines:
        yield lines


def columns(line: str) -> int:
    """How wide `line` is in a font of one width."""
    if line.isascii() or len(line) > 4 * _WIDEST:
        return len(line)
    return len(line) + len(_WIDE.findall(line)) - len(_THIN.findall(line))


def ends_sentence(line: str) -> bool:
    return bool(_ENDS.search(line))


class Wrapping:
    """How a text's lines are wrapped, if they are.

    Args:
        sample: Chunks of the text, as many as are enough to tell.
    """

    def __init__(self, sample: Sequence[Sequence[Line]]) -> None:
        widths = sorted(chunk_width(lines) for lines in sample if len(lines) > 1)
        self._usual = widths[len(widths) * 9 // 10] if widths else 0
        breaks = [pair for lines in sample for pair in pairwise(lines) if not _MARKED.match(pair[1].text)]
        full = sum(_is_full(before, line, self._usual) for before, line in breaks)
        if len(breaks) > 1:  # the longest line tells nothing: it is as wide as itself
            wrapped = full - 1 >= _SHARE_WRAPPED * (len(breaks) - 1)
        else:
            wrapped = any(
                _width(before) >= _NARROWEST and not ends_sentence(before.text) for before, _ in breaks
            )
        self.wrapped = wrapped and self._usual <= _WIDEST

    def goes_on(self, before: Line, line: Line, width: int) -> bool:
        """Whether what stands in `before` goes on in `line`, the next one of a chunk as wide as `width`."""
        first = line.text[0]
        if first.islower() and not ends_sentence(before.text) and not before.text.endswith(":"):
            return True
        if not self.wrapped:
            return False
        if width > 1.3 * self._usual:
            width = self._usual
        return _is_full(before, line, width)


_MARKED = re.compile(r"(?:[-*•‣◦▪●–—>]|\(?\w{1,3}[.)])\s")


def chunk_width(lines: Sequence[Line]) -> int:
    return max(map(_width, lines))


def _width(line: Line) -> int:
    return line.indent + columns(line.text)


def _is_full(before: Line, line: Line, width: int) -> bool:
    """Whether the first word of `line` would not have fitted into `before`."""
    word = line.text.split(None, 1)[0]
    needed = 2 if _WIDE.match(word) else 1 + min(_LONGEST_WORD, columns(word))
    # Marks above letters take no width; some programs count them.
    return max(_width(before), len(before.text)) + needed > width * (1 - _SLACK)
