"""From the parts that a reader found to one normalised text with blocks that point into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from brevity.documents.model import Block, BlockKind, Document, Found, Part
from brevity.documents.normalise import normalise
from brevity.documents.typeset import plain_signs

_LINES_STAY = {BlockKind.TABLE, BlockKind.CODE}
_BLANKS = re.compile(r"\s+")
_CLOSE = {BlockKind.LIST_ITEM, BlockKind.SPEECH, BlockKind.MAIL_HEADER}
"""Kinds whose blocks follow each other on the next line, as people write them."""


def build(found: Found, format_name: str) -> Document:
    """The document: parts without text are left out, lines within prose are joined, blocks stand apart by an empty line.

    Speakers' names are in the text, before what they say, and outside of the block.
    """
    pieces: list[str] = []
    blocks: list[Block] = []
    length = 0
    before: BlockKind | None = None
    for part, text in _normalised(found.parts):
        gap = ("\n" if part.kind is before and part.kind in _CLOSE else "\n\n") if pieces else ""
        label = f"{part.speaker}: " if part.speaker else ""
        pieces += gap, label, text
        start = length + len(gap) + len(label)
        length = start + len(text)
        blocks.append(Block(part.kind, start, length, part.level, part.speaker, part.seconds))
        before = part.kind
    title = " ".join(normalise(found.title or "").split())
    return Document(
        "".join(pieces), blocks, format_name, title or None, tuple(found.warnings), found.words_dropped
    )


def _normalised(parts: Iterable[Part]) -> Iterator[tuple[Part, str]]:
    for part in parts:
        text = normalise(plain_signs(part.text))
        if part.kind not in _LINES_STAY:
            text = _BLANKS.sub(" ", text).strip()
        if text:
            speaker = " ".join(normalise(part.speaker or "").split()) or None
            yield Part(part.kind, text, part.level, speaker, part.seconds), text
