"""What goes into an export and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from brevity.common.contracts.vocabulary import Rating
from brevity.common.events import SummaryCompleted


class Format(StrEnum):
    """A kind of file; the value is its extension."""

    PDF = "pdf"
    WORD = "docx"
    MARKDOWN = "md"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.PDF: "application/pdf",
    Format.WORD: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.JSONL: "application/jsonl; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Review:
    """A reviewer's word on a summary: a rating, a corrected text, or both."""

    reviewer: str
    at: datetime
    rating: Rating | None = None
    edited_summary: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One summary to export.

    `source` is the normalised text that was summarized; without it the spans are given by position alone. A text
    whose hash is not the summary's `content_hash` is not quoted from, since its excerpts would be wrong.
    """

    summary: SummaryCompleted
    source: str | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """A file. `filename` is safe ASCII; `warnings` say what the file could not show, and are written in it too."""

    data: bytes
    media_type: str
    filename: str
    warnings: tuple[str, ...] = ()
