"""The one door: items and a format in, a file out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from brevity.common.errors import Rejected
from brevity.feedback.export.jsonl import stream_jsonl
from brevity.feedback.export.markdown import to_markdown
from brevity.feedback.export.model import Exported, ExportItem, Format
from brevity.feedback.export.pdf import to_pdf
from brevity.feedback.export.text import slug
from brevity.feedback.export.view import View, view
from brevity.feedback.export.word import to_word

# Summaries in one file, such that the slowest format takes some seconds (measured in docs/adr/0013-exports.md).
LIMITS = {Format.PDF: 500, Format.WORD: 200, Format.MARKDOWN: 2_000, Format.JSONL: 10_000}
# Characters of summaries, corrections and listed warnings in one file: bounds a few enormous ones as well as many.
CHARACTERS = 4_000_000


def export(items: Iterable[ExportItem], format: Format) -> Exported:
    """One summary or a selection as a file; equal items give equal pages.

    Raises Rejected: `export_empty` for no items, `export_too_large` above LIMITS or CHARACTERS, `not_printable` when
    a text cannot be set as PDF. For more items use `stream_jsonl`, which has no limit.
    """
    gathered = Gathering(format)
    for item in items:
        gathered.add(item)
    return gathered.file()


class Gathering:
    """A file in the making: what is printed of an item is taken from it as it comes. Its source, which may be the size
    of a book, is not kept: a selection holds hundreds.
    """

    def __init__(self, format: Format) -> None:
        self._format = format
        self._views: list[View] = []
        self._lines: list[bytes] = []
        self._name = ""
        self._count = self._characters = 0

    def add(self, item: ExportItem) -> None:
        """Raises Rejected `export_too_large`."""
        self._count += 1
        self._characters += _characters(item)
        if self._count > LIMITS[self._format] or self._characters > CHARACTERS:
            raise Rejected(
                f"{self._count:,} summaries with {self._characters:,} characters or more are too many for one"
                f" {self._format.value} file"
                f" (at most {LIMITS[self._format]:,} summaries and {CHARACTERS:,} characters).",
                code="export_too_large",
                remedy="Select fewer, or take JSON lines, which are streamed.",
            )
        self._name = self._name or _name(item)
        if self._format is Format.JSONL:
            self._lines += stream_jsonl([item])
        else:
            self._views.append(view(item))

    def file(self) -> Exported:
        """Raises Rejected as `export` does."""
        if not self._count:
            raise Rejected("Nothing to export.", code="export_empty", remedy="Select at least one summary.")
        format, views = self._format, self._views
        name = f"{self._name if self._count == 1 else f'summaries-{self._count}'}.{format.value}"
        if format is Format.JSONL:
            return Exported(b"".join(self._lines), format.media_type, name)
        title = views[0].title if len(views) == 1 else f"{len(views)} summaries"
        if format is Format.MARKDOWN:
            return Exported(to_markdown(views, title).encode(), format.media_type, name)
        if format is Format.WORD:
            return Exported(to_word(views, title), format.media_type, name)
        data, warnings = to_pdf(views, title)
        return Exported(data, format.media_type, name, warnings)


def _characters(item: ExportItem) -> int:
    edited = item.review.edited_summary if item.review else None
    warnings = sum(len(warning.message) for warning in item.summary.warnings)
    return len(item.summary.summary) + len(edited or "") + warnings


def _name(item: ExportItem) -> str:
    summary = item.summary
    name = slug(summary.document_id) or hashlib.sha256(summary.summary_id.encode()).hexdigest()[:12]
    return f"summary-{name}"
