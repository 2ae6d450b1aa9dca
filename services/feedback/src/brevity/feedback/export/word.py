"""Word through python-docx: real headings, right-to-left paragraphs, language tags, citations as links to sources."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as DocumentObject
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from brevity.feedback.export.view import Citation, View, place_label, support_label
from brevity.feedback.export.word_xml import (
    add_link,
    add_page_numbers,
    bookmark,
    plain_table,
    shade,
    style_font,
    write,
)

_MUTED = RGBColor(0x5A, 0x66, 0x75)
_ACCENT = RGBColor(0x1F, 0x4E, 0x79)
_INK = RGBColor(0x1D, 0x27, 0x33)
# A fixed time, so that equal items give an equal file: the export has no clock.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def to_word(views: list[View], title: str) -> bytes:
    """The views as one .docx file; a selection begins with a list of its summaries."""
    document = Document()
    _prepare(document, views, title)
    several = len(views) > 1
    numbers = count(1)
    if several:
        write(document.add_heading(level=1), title, "en")
        for index, one in enumerate(views):
            line = write(document.add_paragraph(), "", one.language)
            add_link(line, f"summary_{index}", f"{index + 1}. {one.title}", one.language)
    for index, one in enumerate(views):
        heading = write(document.add_heading(level=1), one.title, one.language)
        heading.paragraph_format.page_break_before = several
        bookmark(heading, f"summary_{index}", next(numbers))
        _summary(document, one, index, numbers)
    buffer = BytesIO()
    document.save(buffer)
    return _without_times(buffer)


def _without_times(buffer: BytesIO) -> bytes:
    """The archive with one time for all its parts: the writer stamps each with the moment of saving."""
    fixed = BytesIO()
    with ZipFile(buffer) as written, ZipFile(fixed, "w", ZIP_DEFLATED) as out:
        for part in written.infolist():
            out.writestr(ZipInfo(part.filename), written.read(part), ZIP_DEFLATED)
    return fixed.getvalue()


def _prepare(document: DocumentObject, views: list[View], title: str) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    section.top_margin = section.bottom_margin = Cm(2.3)
    languages = {one.summary_language for one in views}
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title[:255], "Brevity", ""
    properties.language = languages.pop() if len(languages) == 1 else "en"
    properties.created = properties.modified = _EPOCH
    for name, size, colour in (("Normal", 10.5, _INK), ("Heading 1", 19, _INK), ("Heading 2", 12, _ACCENT)):
        style_font(document.styles[name], size, colour)
    for name, before, after in (("Heading 1", 0, 10), ("Heading 2", 16, 5)):
        spacing = document.styles[name].paragraph_format  # type: ignore[attr-defined]
        spacing.space_before, spacing.space_after = Pt(before), Pt(after)
    normal = document.styles["Normal"].paragraph_format  # type: ignore[attr-defined]
    normal.space_after, normal.line_spacing = Pt(6), 1.15
    add_page_numbers(section.footer.paragraphs[0], _MUTED)


def _summary(document: DocumentObject, one: View, index: int, numbers: Iterator[int]) -> None:
    _facts(document, one)
    if one.review:
        for run in write(document.add_paragraph(), one.review, "en").runs:
            run.italic = True
    if one.warnings:
        _section(document, "Please check")
        for warning in one.warnings:
            shade(write(document.add_paragraph(), warning, "en"), "FDF5E4", "C98A12")
    if one.edited:
        _section(document, "Summary as corrected by the reviewer")
        for text in one.edited:
            write(document.add_paragraph(), text, one.summary_language)
    _section(document, "Summary as generated" if one.edited else "Summary")
    for pieces in one.paragraphs:
        paragraph = document.add_paragraph(style="List Bullet" if one.bullets else None)
        whole = " ".join(piece.text for piece in pieces)
        for piece in pieces:
            text = f" {piece.text}" if piece.apart else piece.text
            write(paragraph, text, one.summary_language, whole)
            if piece.citation:
                anchor = f"source_{index}_{piece.citation}"
                add_link(paragraph, anchor, f"[{piece.citation}]", "en", raised=True)
    if one.citations:
        _section(document, "Sources, sentence by sentence")
        for citation in one.citations:
            head = _citation(document, citation, one.language)
            bookmark(head, f"source_{index}_{citation.number}", next(numbers))


def _section(document: DocumentObject, text: str) -> None:
    write(document.add_heading(level=2), text, "en")


def _facts(document: DocumentObject, one: View) -> None:
    table = plain_table(document, len(one.facts), (Cm(3.4), Cm(12.8)))
    for row, (name, value) in zip(table.rows, one.facts, strict=True):
        for cell, text, colour in ((row.cells[0], name, _MUTED), (row.cells[1], value, _INK)):
            paragraph = _small(write(cell.paragraphs[0], text, "en"), colour)
            paragraph.paragraph_format.space_after = Pt(2)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _citation(document: DocumentObject, citation: Citation, language: str) -> Paragraph:
    head = write(
        document.add_paragraph(), f"[{citation.number}] {support_label(citation).capitalize()}", "en"
    )
    head.paragraph_format.keep_with_next = bool(citation.excerpts)
    head.paragraph_format.space_after = Pt(1)
    head.runs[0].bold = True
    _small(head, _ACCENT)
    for excerpt in citation.excerpts:
        place = _small(write(document.add_paragraph(), place_label(excerpt).capitalize(), "en"), _MUTED)
        place.paragraph_format.left_indent = Cm(0.8)
        place.paragraph_format.space_after = Pt(1)
        if excerpt.text:
            place.paragraph_format.keep_with_next = True
            quoted = _small(write(document.add_paragraph(), excerpt.text, language), _INK)
            quoted.paragraph_format.left_indent = Cm(0.8)
    if citation.left_out:
        _small(write(document.add_paragraph(), f"and {citation.left_out} more passages", "en"), _MUTED)
    return head


def _small(paragraph: Paragraph, colour: RGBColor) -> Paragraph:
    for run in paragraph.runs:
        run.font.size, run.font.color.rgb = Pt(9), colour
    return paragraph
