"""Blocks as lines of JSON, one object each, without what they do not say: how they travel and are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from brevity.documents.model import Block, BlockKind

MOST_BLOCKS = 200_000
"""A text in more pieces is no document that people wrote: it keeps none of them."""
BYTES_A_BLOCK = 400
"""Most that one may take as a line: a speaker's name is bounded by it."""
_LONGEST_SPEAKER = 100


def as_fields(block: Block) -> dict[str, Any]:
    """A block as a JSON object."""
    fields: dict[str, Any] = {"kind": block.kind.value, "start": block.start, "end": block.end}
    if block.level is not None:
        fields["level"] = block.level
    if block.speaker is not None:
        fields["speaker"] = block.speaker[:_LONGEST_SPEAKER]
    if block.seconds is not None:
        fields["seconds"] = block.seconds
    return fields


def of_fields(fields: dict[str, Any]) -> Block:
    """Raises ValueError or KeyError for what is no block; a kind that is not known is furniture."""
    kind = fields["kind"]
    return Block(
        BlockKind(kind) if kind in _KINDS else BlockKind.FURNITURE,
        fields["start"],
        fields["end"],
        fields.get("level"),
        fields.get("speaker"),
        fields.get("seconds"),
    )


def dump_blocks(blocks: Iterable[Block]) -> bytes:
    return b"".join(
        json.dumps(as_fields(block), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        for block in blocks
    )


def load_blocks(data: bytes | bytearray) -> Iterator[Block]:
    """The blocks in their order. Raises ValueError, KeyError or TypeError for what `dump_blocks` never wrote."""
    for line in bytes(data).splitlines():
        yield of_fields(json.loads(line))


_KINDS = frozenset(BlockKind)
