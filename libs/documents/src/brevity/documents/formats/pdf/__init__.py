"""PDF: characters by PDFium, and our own reading of the page: lines, columns, paragraphs, what stands around them."""

from brevity.documents.formats.pdf.reader import read_pdf, warm

__all__ = ["read_pdf", "warm"]
