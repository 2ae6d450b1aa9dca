"""PDF files, page by page."""

from __future__ import annotations

import io

from pypdf import PdfReader, PdfWriter

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.model import BlockKind, Found, Part


def read_pdf(data: bytes, budget: Budget) -> Found:
    """The text of every page. Raises Rejected `encrypted`."""
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Rejected("the PDF file needs a password", code="encrypted")
    parts = [Part(BlockKind.PARAGRAPH, budget.earn(page.extract_text())) for page in reader.pages]
    title = reader.metadata.title if reader.metadata else None
    return Found(parts, str(title).strip() or None if title else None)


def warm() -> None:
    page = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.write(page)
    read_pdf(page.getvalue(), Budget.idle())
