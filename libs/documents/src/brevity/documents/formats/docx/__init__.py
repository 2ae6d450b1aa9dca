"""DOCX: what Word shows of a document, its own tree read without Word."""

from brevity.documents.formats.docx.reader import read_docx, warm

__all__ = ["read_docx", "warm"]
