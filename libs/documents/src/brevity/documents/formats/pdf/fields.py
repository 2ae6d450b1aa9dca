"""What people wrote into a form's fields, and text that they set on a page: it is no part of the page's own drawing."""

from __future__ import annotations

import ctypes
from typing import Any

from brevity.documents.formats.pdf.lines import Segment
from brevity.documents.formats.pdf.pdfium import pdfium

_MOST = 1_000
_LONGEST = 20_000
_LARGEST, _SMALLEST = 12.0, 5.0


def filled_fields(page: Any, number: int) -> list[Segment]:
    """A segment for each line of each field, where the field stands on `page`."""
    found: list[Segment] = []
    for at in range(min(_MOST, pdfium.FPDFPage_GetAnnotCount(page.raw))):
        note = pdfium.FPDFPage_GetAnnot(page.raw, at)
        if not note:
            continue
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        key = {pdfium.FPDF_ANNOT_WIDGET: b"V", pdfium.FPDF_ANNOT_FREETEXT: b"Contents"}.get(kind)
        text = _value(note, key) if key else ""
        box = pdfium.FS_RECTF()
        if text.strip() and pdfium.FPDFAnnot_GetRect(note, box):
            found += _lines(text, box, number)
        pdfium.FPDFPage_CloseAnnot(note)
    return found


def _value(note: Any, key: bytes) -> str:
    if pdfium.FPDFAnnot_GetValueType(note, key) != pdfium.FPDF_OBJECT_STRING:
        return ""  # a check box's is a name, such as Off
    size = pdfium.FPDFAnnot_GetStringValue(note, key, None, 0)
    if not 2 < size <= 2 * _LONGEST:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    pdfium.FPDFAnnot_GetStringValue(note, key, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "ignore")


def _lines(text: str, box: Any, number: int) -> list[Segment]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    height = abs(box.top - box.bottom) / len(lines)
    size = max(_SMALLEST, min(_LARGEST, 0.7 * height))
    right = max(box.right, box.left + 1)
    return [
        Segment(box.left, right, box.top - height * (at + 0.75), size, line.strip(), page=number)
        for at, line in enumerate(lines)
        if line.strip()
    ]
