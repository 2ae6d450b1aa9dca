"""PDFium's functions, those that are called for each character without what makes ctypes slow, and its content marks."""

from __future__ import annotations

import codecs
import ctypes
from typing import Any

import pypdfium2.raw  # pyright: ignore[reportMissingTypeStubs]

pdfium: Any = pypdfium2.raw  # made from C headers: it has no types
_LONGEST_ACTUAL_TEXT = 2_000


def _bare(function: Any, result: Any, *arguments: Any) -> Any:
    """A function of PDFium's that takes addresses: called for each character, an object for each would be half of the time."""
    return ctypes.CFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


unicode_of = _bare(pdfium.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)
object_of = _bare(pdfium.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
box_of = _bare(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
origin_of = _bare(
    pdfium.FPDFText_GetCharOrigin,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,
)


def mark_name(mark: Any) -> str:
    """The name of a content mark, such as Artifact."""
    length = ctypes.c_ulong()
    buffer = (ctypes.c_ushort * 32)()
    if not pdfium.FPDFPageObjMark_GetName(mark, buffer, ctypes.sizeof(buffer), length):
        return ""
    return bytes(buffer)[: max(0, length.value - 2)].decode("utf-16-le", "ignore")


def actual_text(mark: Any) -> str:
    """What a content mark says that the glyphs within it stand for; empty where it says nothing."""
    length = ctypes.c_ulong()
    buffer = (ctypes.c_ubyte * _LONGEST_ACTUAL_TEXT)()
    size = ctypes.sizeof(buffer)
    if not pdfium.FPDFPageObjMark_GetParamBlobValue(mark, b"ActualText\x00", buffer, size, length):
        return ""
    if length.value > size:
        return ""
    data = bytes(buffer)[: length.value]
    if data.startswith(codecs.BOM_UTF16_BE):
        text = data[2:].decode("utf-16-be", "ignore")
    elif data.startswith(codecs.BOM_UTF8):
        text = data[3:].decode("utf-8", "ignore")
    else:
        text = data.decode("latin-1")
    return text.strip("\x00\r\n\u200b\ufeff")
