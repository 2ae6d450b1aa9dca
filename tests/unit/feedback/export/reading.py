"""Reading exports back: PDF through PDFium, Word through python-docx, Markdown through a CommonMark parser."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
from docx import Document
from markdown_it import MarkdownIt
from numpy.typing import NDArray

from brevity.feedback.export import ExportItem, Format, export

DPI = 96
MARGIN_CM = 2.4


def pdf_text(data: bytes) -> str:
    """Text of all pages in reading order, without line breaks and direction marks, compatibility forms resolved."""
    document = pypdfium2.PdfDocument(data)
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    return squeezed(text)


def squeezed(text: str) -> str:
    """`text` without blanks and marks that extraction adds or leaves out."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Cf" and c != "\ufffe")


def pages(data: bytes) -> int:
    return len(pypdfium2.PdfDocument(data))


def ink(data: bytes, page: int = 0) -> NDArray[np.bool_]:
    """Where a page is dark, as (rows, columns) at 96 dots an inch."""
    page_of: Any = pypdfium2.PdfDocument(data)[page]
    rendered = page_of.render(scale=DPI / 72, grayscale=True)
    return rendered.to_numpy().reshape(rendered.height, rendered.width) < 128


def title_ink(data: bytes) -> NDArray[np.bool_]:
    """The first band of ink on a page: its title, cut to its rows, full width."""
    dark = ink(data)
    rows = np.flatnonzero(dark.any(axis=1))
    end = (
        rows[np.flatnonzero(np.diff(rows) > 8)[0]] + 1
    )  # a gap wider than that between letters and their marks
    return dark[rows[0] : end]


def word(item: ExportItem) -> Any:
    return Document(BytesIO(export([item], Format.WORD).data))


def word_lines(document: Any) -> list[str]:
    """Every line of body and tables, links included."""
    cells = [
        p for table in document.tables for row in table.rows for cell in row.cells for p in cell.paragraphs
    ]
    return [paragraph.text for paragraph in (*document.paragraphs, *cells)]


def markdown_tokens(text: str) -> list[Any]:
    """Flat tokens of a CommonMark document with tables and bare links."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens: list[Any] = []
    for token in parser.parse(text):
        tokens.append(token)
        tokens += token.children or []
    return tokens


def markdown_text(text: str) -> str:
    return "\n".join(
        "".join(child.content if child.type == "text" else "" for child in token.children or [])
        for token in MarkdownIt("commonmark").enable("table").parse(text)
        if token.type == "inline"
    )
