"""Who says what: sentences of a text, each with its speaker's label when the text is a transcript.

A text is a transcript when at least half of its lines begin with a label ("Doctor: ") and labels come back. A label
is never a sentence of its own; it keeps its own span, so that a summary can show who spoke.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from brevity.nlp.sentences import split_sentences, split_within
from brevity.nlp.types import PROSE, Block, Span

MIN_TURNS = 3
MIN_SHARE = 0.5
"""Share of the lines with text that must begin with a label."""

# No blank may stand at either end of the label, and its length is bounded: no line can make the search slow.
_LABEL = re.compile(
    r"^[ \t]{0,8}(?P<label>[^\W_](?:[^:\n\r]{0,46}[^:\s])?)[ \t]{0,4}[:：](?=\s|$)[ \t]*+", re.MULTILINE
)
_LINE = re.compile(r"^.*\S", re.MULTILINE)
_MOST_LABEL_WORDS = 6
_FARTHEST_LABEL = 2_000
"""Characters before a block in which its speaker's name is looked for: a turn may have several paragraphs."""


class Sentence(NamedTuple):
    """A sentence's place, and the place of the label of the turn it belongs to (None outside transcripts).

    `block` numbers the block it stands in, where blocks are known.
    """

    span: Span
    label: Span | None
    block: int | None = None


def read_sentences(text: str, language: str | None = None, blocks: Sequence[Block] = ()) -> list[Sentence]:
    """The sentences of `text` in order, labels taken off and noted; those of its prose where blocks are known."""
    if blocks:
        return _of_blocks(text, language, blocks)
    turns = find_turns(text)
    spans = split_sentences(text, language)
    if not turns:
        return [Sentence(span, None) for span in spans]
    sentences: list[Sentence] = []
    current: Span | None = None
    turn = 0
    for start, end in spans:
        while turn < len(turns) and turns[turn].start() < end:
            match = turns[turn]
            _add(sentences, text, start, match.start(), current)
            current = Span(*match.span("label"))
            start = max(start, match.end())
            turn += 1
        _add(sentences, text, start, end, current)
    return sentences


def _of_blocks(text: str, language: str | None, blocks: Sequence[Block]) -> list[Sentence]:
    prose = [block for block in blocks if block.kind in PROSE]
    split = split_within(text, [Span(block.start, block.end) for block in prose], language)
    sentences: list[Sentence] = []
    for number, (block, spans) in enumerate(zip(prose, split, strict=True)):
        label = _label_of(text, block)
        sentences += (Sentence(span, label, number) for span in spans)
    return sentences


def _label_of(text: str, block: Block) -> Span | None:
    """Where the speaker's name stands before what is said."""
    if not block.speaker:
        return None
    at = text.rfind(block.speaker, max(0, block.start - _FARTHEST_LABEL), block.start)
    return Span(at, at + len(block.speaker)) if at >= 0 else None


def find_turns(text: str) -> list[re.Match[str]]:
    """The labels of a transcript, [] for any other text."""
    found = [m for m in _LABEL.finditer(text) if len(m["label"].split()) <= _MOST_LABEL_WORDS]
    if len(found) < MIN_TURNS:
        return []
    lines = sum(1 for _ in _LINE.finditer(text))
    speakers = len({m["label"] for m in found})
    is_transcript = len(found) >= MIN_SHARE * lines and speakers <= 0.7 * len(found)
    return found if is_transcript else []


def _add(sentences: list[Sentence], text: str, start: int, end: int, label: Span | None) -> None:
    piece = text[start:end]
    if stripped := piece.strip():
        start += len(piece) - len(piece.lstrip())
        sentences.append(Sentence(Span(start, start + len(stripped)), label))
