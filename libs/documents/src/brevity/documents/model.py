"""The document model: a title, one plain text, and blocks that say what each stretch of the text is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class BlockKind(StrEnum):
    """What a block is to its reader. Sentences of a summary come from the first four only."""

    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    QUOTATION = "quotation"
    SPEECH = "speech"
    """What one speaker says at once: a turn of a dialogue, a subtitle, a message of a chat."""
    HEADING = "heading"
    TABLE = "table"
    """One row for each line, cells apart by tabs."""
    CODE = "code"
    CAPTION = "caption"
    MAIL_HEADER = "mail_header"
    NOTE = "note"
    """A footnote, an endnote, a comment."""
    FURNITURE = "furniture"
    """What stands around the content: menus, page headers, signatures, disclaimers, quoted mail that was answered."""


PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.QUOTATION, BlockKind.SPEECH})


@dataclass(frozen=True, slots=True)
class Block:
    """Characters [start, end) of a document's text, in Unicode code points. Blocks are in order and do not overlap.

    Line ends inside of a block are not ends of sentences, except in TABLE and CODE.

    Attributes:
        level: 1 to 6 of a heading, from 1 of a list item or a quotation: how deep it stands.
        speaker: Who says it, in SPEECH. The name is not part of the block's own text.
        seconds: When it is said, from the beginning of the recording; in SPEECH.
    """

    kind: BlockKind
    start: int
    end: int
    level: int | None = None
    speaker: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a reader of the summary should know. `code` is one of `WARNING_CODES`."""

    code: str
    message: str


WARNING_CODES = {
    "text_left_out": "much of the file's text was not taken as content",
    "characters_doubtful": "the file's encoding was guessed and may be wrong",
    "order_doubtful": "the order of the text on the page could not be told for certain",
    "scanned_pages": "some pages are pictures, whose text was not read",
    "language_undetermined": "the document's language is a guess",
    "mixed_languages": "the document is in more than one language",
    "attachments_left_out": "attachments were not read",
}


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of a file.

    Attributes:
        text: Normalised (`brevity.documents.normalise`), the blocks' texts in order.
        format: One of the names in `brevity.documents.formats`, e.g. `html`.
        words_dropped: Words of the file that are not in `text`.
    """

    text: str
    blocks: Sequence[Block]
    format: str
    title: str | None = None
    warnings: Sequence[Warned] = ()
    words_dropped: int = 0


@dataclass(slots=True)
class Part:
    """A block as a reader of a format finds it: its text instead of a place, not yet normalised."""

    kind: BlockKind
    text: str
    level: int | None = None
    speaker: str | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Found:
    """What a reader of a format finds in a file."""

    parts: list[Part]
    title: str | None = None
    warnings: list[Warned] = field(default_factory=list[Warned])
    words_dropped: int = 0
