"""DOCX files: paragraphs and tables in their order."""

from __future__ import annotations

import io
from collections.abc import Iterator

from docx import Document
from docx.table import Table

from brevity.documents.archives import check_archive
from brevity.documents.budget import Budget
from brevity.documents.model import BlockKind, Found, Part


def read_docx(data: bytes, budget: Budget) -> Found:
    """Paragraphs and tables. Raises Rejected `zip_bomb`."""
    check_archive(data)
    document = Document(io.BytesIO(data))
    parts: list[Part] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.append(Part(BlockKind.TABLE, "\n".join(_rows(block, budget))))
        else:
            parts.append(Part(BlockKind.PARAGRAPH, budget.earn(block.text)))
    return Found(parts, (document.core_properties.title or "").strip() or None)


def _rows(table: Table, budget: Budget) -> Iterator[str]:
    """A line for each row. A cell that spans several columns stands there once for each, and is read once."""
    for row in table.rows:
        texts: list[str] = []
        before = None
        for cell in row.cells:
            texts.append(budget.repeat(texts[-1]) if cell is before else budget.earn(cell.text))
            before = cell
        yield "\t".join(" ".join(text.split()) for text in texts)


def warm() -> None:
    document, paper = Document(), io.BytesIO()
    document.add_table(1, 1).cell(0, 0).text = "x"
    document.save(paper)
    read_docx(paper.getvalue(), Budget.idle())
