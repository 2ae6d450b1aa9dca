"""Plain text: it stays as it is, and blocks are found in it."""

from __future__ import annotations

from collections.abc import Iterator

from brevity.documents.budget import Budget
from brevity.documents.characters import Decoded, decode
from brevity.documents.model import Block, BlockKind, Document
from brevity.documents.normalise import normalise


def read_text(data: bytes, budget: Budget, charset: str | None = None) -> Document:
    """As `document_of`, of a file in some encoding."""
    decoded = decode(data, charset)
    budget.earn(decoded.text)
    return document_of(decoded)


def document_of(decoded: Decoded) -> Document:
    """The normalised text, with the blocks that stand in it. Linear time."""
    text = normalise(decoded.text)
    return Document(text, tuple(find_blocks(text)), "text", warnings=tuple(decoded.warnings))


def find_blocks(text: str) -> Iterator[Block]:
    """Blocks of a normalised text."""
    start = 0
    while start < len(text):
        end = text.find("\n\n", start)
        end = len(text) if end < 0 else end
        yield Block(BlockKind.PARAGRAPH, start, end)
        start = end + 2
