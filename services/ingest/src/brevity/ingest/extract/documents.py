"""Reading PDF and DOCX files, text as it comes. Runs in a confined process only: see `worker`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget

if TYPE_CHECKING:
    from docx.table import Table

_MOST_UNPACKED = 200_000_000
_MOST_RATIO = 200
_MOST_ENTRIES = 5_000


def read_pdf(data: bytes, budget: Budget) -> tuple[str, str | None]:
    """Text of every page. Raises Rejected `encrypted`."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Rejected("the PDF file needs a password", code="encrypted")
    text = "\n\n".join(budget.earn(page.extract_text()) for page in reader.pages)
    title = reader.metadata.title if reader.metadata else None
    return text, str(title).strip() or None if title else None


def read_docx(data: bytes, budget: Budget) -> tuple[str, str | None]:
    """Text of paragraphs and tables in order. Raises Rejected `zip_bomb`."""
    check_archive(data)
    from docx import Document
    from docx.table import Table

    document = Document(io.BytesIO(data))
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.extend(_rows(block, budget))
        else:
            parts.append(budget.earn(block.text))
    return "\n\n".join(parts), (document.core_properties.title or "").strip() or None


def _rows(table: Table, budget: Budget) -> Iterator[str]:
    """A line for each row. A cell that spans several columns stands there once for each, and is read once."""
    for row in table.rows:
        texts: list[str] = []
        before = None
        for cell in row.cells:
            texts.append(budget.repeat(texts[-1]) if cell is before else budget.earn(cell.text))
            before = cell
        yield "\t".join(texts)


def check_archive(data: bytes) -> None:
    """Raises Rejected `zip_bomb` when the archive would unpack to far more than it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED or unpacked > _MOST_RATIO * len(data):
        raise Rejected(
            f"the file unpacks to {unpacked:,} bytes in {len(entries):,} parts, too much for its size",
            code="zip_bomb",
        )
