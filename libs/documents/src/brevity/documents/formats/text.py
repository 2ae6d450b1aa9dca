"""Plain text: it stays as it is, and blocks are found in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brevity.documents.budget import Budget
from brevity.documents.characters import Decoded, decode
from brevity.documents.compact import MOST_BLOCKS
from brevity.documents.model import Block, BlockKind, Document
from brevity.documents.normalise import normalise
from brevity.documents.plain.chats import find_chat
from brevity.documents.plain.finding import find_blocks
from brevity.documents.plain.mail import find_mail
from brevity.documents.plain.speech import find_speech
from brevity.documents.plain.timed import find_timed
from brevity.documents.typeset import as_typed

Finder = Callable[[str], Sequence[Block] | None]

FINDERS: tuple[tuple[str, Finder], ...] = (
    ("chat", find_chat),
    ("mail", find_mail),
    ("transcript", find_timed),
    ("transcript", find_speech),
)
"""Kinds of plain text that have a form of their own, first match wins: the format's name, and what finds its blocks in a
normalised text or answers None. Linear time: they run in the service."""


def read_text(data: bytes, budget: Budget, charset: str | None = None) -> Document:
    """As `document_of`, of a file in some encoding."""
    decoded = decode(data, charset)
    budget.earn(decoded.text)
    return document_of(decoded)


def document_of(decoded: Decoded) -> Document:
    """The normalised text, with the blocks that stand in it. Linear time."""
    text = normalise(as_typed(decoded.text))
    name, blocks = _found(text)
    first = blocks[0] if blocks else None
    title = text[first.start : first.end] if first and first.kind is BlockKind.HEADING else None
    return Document(text, blocks, name, title, tuple(decoded.warnings))


def blocks_of(text: str) -> Sequence[Block]:
    """The blocks of a text that need not be normalised: its places stay what they are."""
    return _found(text)[1]


def _found(text: str) -> tuple[str, Sequence[Block]]:
    for name, find in FINDERS:
        blocks = find(text)
        if blocks is not None:
            return name, blocks if len(blocks) <= MOST_BLOCKS else ()
    return "text", tuple(find_blocks(text))
