"""Transcripts with times: `00:01:12 Ann: text`, `Ann  0:12` above what she says, `[00:01] Ann: text`, times alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from brevity.documents.model import Block, BlockKind

_TIME = r"(?P<time>(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)"
_RANGE = rf"{_TIME}(?:[ ]*(?:-->|–|-|to)[ ]*(?:\d{{1,2}}:)?\d{{1,2}}:\d{{2}}(?:[.,]\d{{1,3}})?)?"
_NAME = r"(?P<name>[^\W\d_][^\n:\[\]()<>!?]{0,49}?|Speaker \d+|SPEAKER_\d+)"
_NAMED = (
    re.compile(rf"^[\[(]?{_RANGE}[\])]?[ \t]*[-–—|]?[ \t]*{_NAME}[ ]?:(?=\s)\s*", re.MULTILINE),
    re.compile(rf"^{_NAME}[ \t]*[\[(]{_RANGE}[\])][ \t]*:?[ \t]*\n?", re.MULTILINE),
    re.compile(rf"^{_NAME}:?[ \t]+{_RANGE}[ \t]*:?[ \t]*\n", re.MULTILINE),
    re.compile(rf"^\[(?P<name>[^\n\[\]]{{1,50}})\][ \t]+{_RANGE}[ \t]*\n", re.MULTILINE),
    re.compile(rf"^{_RANGE}[ \t]*\n{_NAME}:?[ \t]*\n", re.MULTILINE),
    re.compile(rf"^{_NAME}:?[ \t]*\n{_RANGE}[ \t]*\n", re.MULTILINE),
    re.compile(
        rf"^[\[(]?{_RANGE}[\])]?[ \t]+(?P<name>[^\W\d_][^\n:\[\]()<>!?.,]{{0,49}}?)[ \t]*\n(?=\S)",
        re.MULTILINE,
    ),
)
_NAMELESS = (
    re.compile(rf"^[\[(]{_RANGE}[\])][ \t]*\n?(?=\S)", re.MULTILINE),
    re.compile(rf"^{_RANGE}[ \t]*\n(?=\S)", re.MULTILINE),
    re.compile(rf"^{_RANGE}[ \t]+(?=\S)", re.MULTILINE),
)
_LEAST = 3
_LEAST_NAMELESS = 5
_MOST_LINES_A_TURN = 14
_HALF_DAY = 6 * 3_600


def find_timed(text: str) -> Sequence[Block] | None:
    """Blocks of a transcript with times: what is said, with its speaker and second; None for any other text."""
    for pattern in _NAMED:
        heads = list(pattern.finditer(text))
        if _is_dialogue(text, heads):
            return tuple(_blocks(text, heads))
    for pattern in _NAMELESS:
        heads = list(pattern.finditer(text))
        if len(heads) >= _LEAST_NAMELESS and _is_in_order(heads) and _is_dense(text, heads, most=4):
            return tuple(_blocks(text, heads))
    return None


def _is_dialogue(text: str, heads: Sequence[re.Match[str]]) -> bool:
    if len(heads) < _LEAST:
        return False
    names = Counter(" ".join(head["name"].split()) for head in heads)
    if max(names.values()) < 2 or len(names) * 4 > len(heads) * 3:
        return False  # a programme of a day names each of its points once
    if any(len(name.split()) > 6 for name in names):
        return False
    return _is_in_order(heads) and _is_dense(text, heads, most=_MOST_LINES_A_TURN)


def _is_in_order(heads: Sequence[re.Match[str]]) -> bool:
    seconds = [_seconds(head["time"]) for head in heads]
    return sum(later < earlier for earlier, later in pairwise(seconds)) * 20 <= len(seconds)


def _is_dense(text: str, heads: Sequence[re.Match[str]], most: int) -> bool:
    lines = text.count("\n") + 1 - text.count("\n\n")
    before = text.count("\n", 0, heads[0].start())
    return before <= max(6, lines // 8) and lines <= most * len(heads) + before


def _blocks(text: str, heads: Sequence[re.Match[str]]) -> Iterator[Block]:
    for paragraph in _paragraphs(text, 0, heads[0].start()):
        yield Block(BlockKind.PARAGRAPH, *paragraph)
    first = _seconds(heads[0]["time"])
    origin = first if first > _HALF_DAY else 0.0  # a clock, and no recording's own time
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        name = head.groupdict().get("name")
        speaker = " ".join(name.split()) if name else None
        for start, stop in _paragraphs(text, head.end(), end):
            yield Block(
                BlockKind.SPEECH,
                start,
                stop,
                speaker=speaker,
                seconds=max(0.0, _seconds(head["time"]) - origin),
            )


def _paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for paragraph in re.finditer(r"\S(?:[^\n]|\n(?!\n))*", text[start:end]):
        yield start + paragraph.start(), start + paragraph.start() + len(paragraph[0].rstrip())


def _seconds(time: str) -> float:
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
