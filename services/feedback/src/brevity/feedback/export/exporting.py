"""The one door: items and a format in, a file out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from brevity.common.errors import Rejected
from brevity.feedback.export.jsonl import stream_jsonl
from brevity.feedback.export.markdown import to_markdown
from brevity.feedback.export.model import Exported, ExportItem, Format
from brevity.feedback.export.pdf import to_pdf
from brevity.feedback.export.text import slug
from brevity.feedback.export.view import view
from brevity.feedback.export.word import to_word

# Summaries in one file, such that the slowest format takes some seconds (measured in docs/adr/0013-exports.md).
LIMITS = {Format.PDF: 500, Format.WORD: 200, Format.MARKDOWN: 2_000, Format.JSONL: 10_000}
# Characters of summaries, corrections and listed warnings in one file: bounds a few enormous ones as well as many.
CHARACTERS = 4_000_000


def export(items: Sequence[ExportItem], format: Format) -> Exported:
    """One summary or a selection as a file; equal items give equal pages.

    Raises Rejected: `export_empty` for no items, `export_too_large` above LIMITS or CHARACTERS, `not_printable` when
    a text cannot be set as PDF. For more items use `stream_jsonl`, which has no limit.
    """
    _check(items, format)
    name = _filename(items, format)
    if format is Format.JSONL:
        return Exported(b"".join(stream_jsonl(items)), format.media_type, name)
    views = [view(item) for item in items]
    title = views[0].title if len(views) == 1 else f"{len(views)} summaries"
    if format is Format.MARKDOWN:
        return Exported(to_markdown(views, title).encode(), format.media_type, name)
    if format is Format.WORD:
        return Exported(to_word(views, title), format.media_type, name)
    data, warnings = to_pdf(views, title)
    return Exported(data, format.media_type, name, warnings)


def _check(items: Sequence[ExportItem], format: Format) -> None:
    if not items:
        raise Rejected("Nothing to export.", code="export_empty", remedy="Select at least one summary.")
    size = sum(_characters(item) for item in items)
    if len(items) > LIMITS[format] or size > CHARACTERS:
        raise Rejected(
            f"{len(items):,} summaries with {size:,} characters are too many for one {format.value} file"
            f" (at most {LIMITS[format]:,} summaries and {CHARACTERS:,} characters).",
            code="export_too_large",
            remedy="Select fewer, or take JSON lines, which are streamed.",
        )


def _characters(item: ExportItem) -> int:
    edited = item.review.edited_summary if item.review else None
    warnings = sum(len(warning.message) for warning in item.summary.warnings)
    return len(item.summary.summary) + len(edited or "") + warnings


def _filename(items: Sequence[ExportItem], format: Format) -> str:
    if len(items) > 1:
        return f"summaries-{len(items)}.{format.value}"
    summary = items[0].summary
    name = slug(summary.document_id) or hashlib.sha256(summary.summary_id.encode()).hexdigest()[:12]
    return f"summary-{name}.{format.value}"
