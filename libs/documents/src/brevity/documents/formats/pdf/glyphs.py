"""What a PDF page draws: clusters of characters with their boxes, in the page's upright direction.

Taken from PDFium's text page, without the blanks and line ends that it makes up: these come of the boxes, in `lines`.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from brevity.documents.formats.pdf.pdfium import (
    actual_text,
    box_of,
    mark_name,
    object_of,
    origin_of,
    pdfium,
    unicode_of,
)

_FIXED_PITCH, _ITALIC, _FORCED_BOLD = 1, 1 << 6, 1 << 18
_BOLD = ("bold", "black", "heavy", "-bd", "cmbx", "demi")  # the weight that fonts declare is often wrong
_MONOSPACED = ("mono", "courier", "consol", "typewriter", "cmtt", "menlo")
_OWN_CODES = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)} | {
    11: "ff",
    12: "fi",
    14: "ffi",
    15: "ffl",
    27: "ff",
    28: "fi",
    29: "fl",
    30: "ffi",
    31: "ffl",
}
"""Of fonts that name no characters: Windows' signs, and ligatures by their places in TeX's fonts, of which one is missing
since 13 is a line's end elsewhere."""


MADE_UP, DRAWN = 1, 2


@dataclass(frozen=True, slots=True)
class Style:
    """How a stretch of text is drawn. `size` is the height of an em in points."""

    size: float
    bold: bool
    italic: bool
    monospaced: bool


@dataclass(slots=True)
class Glyph:
    """Characters that are drawn as one: mostly one, several of a ligature or of an `ActualText`.

    Boxes are in points, from the left and from the bottom of the page as it is read.
    """

    text: str
    left: float
    right: float
    base: float
    style: Style
    artifact: bool = False
    space_before: int = 0
    """0 without, `MADE_UP` where PDFium thinks that a blank stands, `DRAWN` where the page draws one."""


@dataclass(slots=True)
class PageGlyphs:
    """Glyphs of one page in the order in which they are drawn; those that are turned against the page by themselves."""

    glyphs: list[Glyph]
    turned: list[Glyph]
    width: float
    height: float
    unreadable: int = 0


@dataclass(slots=True)
class _Drawn:
    """A text object of the page."""

    style: Style
    turn: int
    artifact: bool
    span: int | None = None
    actual: str | None = None


@dataclass(slots=True)
class _Span:
    """An `ActualText`: its text counts once, at the boxes of all that is drawn for it."""

    first: int
    glyph: Glyph
    boxes: list[tuple[float, float, float, float]] = field(
        default_factory=list[tuple[float, float, float, float]]
    )


class GlyphReader:
    """Reads pages of one document."""

    def __init__(self) -> None:
        self._fonts: dict[int, tuple[bool, bool, bool]] = {}
        self._styles: dict[tuple[float, bool, bool, bool], Style] = {}
        self._origin = ctypes.c_double(), ctypes.c_double()
        self._box = pdfium.FS_RECTF()
        self._matrix = pdfium.FS_MATRIX()
        self._float = ctypes.c_float()

    def read(self, page: Any) -> PageGlyphs:
        """The glyphs of `page`, a `pypdfium2.PdfPage`."""
        text_page = page.get_textpage()
        try:
            return self._read(page, text_page)
        finally:
            text_page.close()

    def _read(self, page: Any, text_page: Any) -> PageGlyphs:
        raw = text_page.raw
        handle = ctypes.addressof(raw.contents)
        x, y = self._origin
        box = self._box
        box_at, x_at, y_at = ctypes.addressof(box), ctypes.addressof(x), ctypes.addressof(y)
        low_x, low_y, high_x, high_y = page.get_bbox()
        objects: dict[int, _Drawn] = {}
        spans: dict[int, _Span] = {}
        found: dict[int, list[Glyph]] = {}
        unreadable = 0
        last: tuple[int, float, float] = (0, 0.0, 0.0)
        space = 0
        for index in range(text_page.count_chars()):
            code = unicode_of(handle, index)
            if code in (32, 160, 9, 10, 13, 0x3000) or 0x2000 <= code <= 0x200A:
                space = max(space, MADE_UP if pdfium.FPDFText_IsGenerated(raw, index) else DRAWN)
                continue
            address = object_of(handle, index)
            if not address:
                continue
            drawn = objects.get(address)
            if drawn is None:
                drawn = objects[address] = self._drawn(ctypes.cast(address, pdfium.FPDF_PAGEOBJECT))
            text = _OWN_CODES.get(code) or chr(min(code, 0x10FFFF))
            if (
                code < 32
                and code not in _OWN_CODES
                and not (code == 2 and pdfium.FPDFText_IsHyphen(raw, index))
            ):
                unreadable += 1
                space = DRAWN
                continue
            if 0xE000 <= code <= 0xF8FF or 0xFFFD <= code <= 0xFFFF or code > 0x10FFFF:
                unreadable += 1
                if code >= 0xFFFD:
                    continue
            origin_of(handle, index, x_at, y_at)
            box_of(handle, index, box_at)
            if box.right < low_x or box.left > high_x or box.top < low_y or box.bottom > high_y:
                continue
            here = address, x.value, y.value
            glyphs = found.setdefault(drawn.turn, [])
            left, right, base = _upright(drawn.turn, box, x.value, y.value)
            if drawn.span is not None:
                span = spans.get(drawn.span)
                if span is None:
                    glyph = Glyph(drawn.actual or text, left, right, base, drawn.style, drawn.artifact, space)
                    spans[drawn.span] = _Span(address, glyph)
                    glyphs.append(glyph)
                else:
                    span.glyph.left = min(span.glyph.left, left)
                    span.glyph.right = max(span.glyph.right, right)
            elif here == last and glyphs:
                glyphs[-1].text += text
                glyphs[-1].left = min(glyphs[-1].left, left)
                glyphs[-1].right = max(glyphs[-1].right, right)
            else:
                glyphs.append(Glyph(text, left, right, base, drawn.style, drawn.artifact, space))
            last = here
            space = 0
        if spans:
            self._widen(page, spans)
        return _main_direction(page, found, unreadable)

    def _drawn(self, pointer: Any) -> _Drawn:
        matrix = self._matrix
        pdfium.FPDFPageObj_GetMatrix(pointer, matrix)
        pdfium.FPDFTextObj_GetFontSize(pointer, self._float)
        size = abs(self._float.value) * (math.hypot(matrix.c, matrix.d) or math.hypot(matrix.a, matrix.b))
        angle = math.degrees(math.atan2(matrix.b, matrix.a))
        turn = round(angle / 90) % 4 * 90 if abs(angle / 90 - round(angle / 90)) < 0.05 else -1
        bold, italic, monospaced = self._font(pointer)
        bold = bold or pdfium.FPDFTextObj_GetTextRenderMode(pointer) == pdfium.FPDF_TEXTRENDERMODE_FILL_STROKE
        slanted = italic or (turn == 0 and abs(matrix.c) > abs(matrix.d) / 8)
        key = round(size, 1), bold, slanted, monospaced
        style = self._styles.setdefault(key, Style(*key))
        drawn = _Drawn(style, turn, artifact=False)
        for number in range(pdfium.FPDFPageObj_CountMarks(pointer)):
            mark = pdfium.FPDFPageObj_GetMark(pointer, number)
            if not mark:
                continue
            if mark_name(mark) == "Artifact":
                drawn.artifact = True
            actual = actual_text(mark)
            if actual:
                drawn.span, drawn.actual = ctypes.addressof(mark.contents), actual
        return drawn

    def _font(self, pointer: Any) -> tuple[bool, bool, bool]:
        font = pdfium.FPDFTextObj_GetFont(pointer)
        if not font:
            return False, False, False
        address = ctypes.addressof(font.contents)
        known = self._fonts.get(address)
        if known is None:
            buffer = ctypes.create_string_buffer(256)
            pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
            name = buffer.value.decode("utf-8", "replace").lower()
            flags = max(0, pdfium.FPDFFont_GetFlags(font))
            bold = bool(flags & _FORCED_BOLD) or any(word in name for word in _BOLD)
            italic = bool(flags & _ITALIC) or "italic" in name or "oblique" in name
            monospaced = bool(flags & _FIXED_PITCH) or any(word in name for word in _MONOSPACED)
            known = self._fonts[address] = bold, italic, monospaced
        return known

    def _widen(self, page: Any, spans: dict[int, _Span]) -> None:
        """Give spans the boxes of those of their glyphs for which PDFium has no character."""
        edges = [ctypes.c_float() for _ in range(4)]
        for number in range(pdfium.FPDFPage_CountObjects(page.raw)):
            item = pdfium.FPDFPage_GetObject(page.raw, number)
            if pdfium.FPDFPageObj_GetType(item) != pdfium.FPDF_PAGEOBJ_TEXT:
                continue
            for at in range(pdfium.FPDFPageObj_CountMarks(item)):
                mark = pdfium.FPDFPageObj_GetMark(item, at)
                span = spans.get(ctypes.addressof(mark.contents)) if mark else None
                if (
                    span
                    and ctypes.addressof(item.contents) != span.first
                    and pdfium.FPDFPageObj_GetBounds(item, *edges)
                    and edges[2].value > edges[0].value
                ):
                    span.glyph.left = min(span.glyph.left, edges[0].value)
                    span.glyph.right = max(span.glyph.right, edges[2].value)


def _upright(turn: int, box: Any, x: float, y: float) -> tuple[float, float, float]:
    """Left, right and baseline of a box as they are once the page is turned so that this text is upright."""
    if turn == 90:
        return box.bottom, box.top, -x
    if turn == 180:
        return -box.right, -box.left, -y
    if turn == 270:
        return -box.top, -box.bottom, x
    return box.left, box.right, y


def _main_direction(page: Any, found: dict[int, list[Glyph]], unreadable: int) -> PageGlyphs:
    counts = Counter({turn: len(glyphs) for turn, glyphs in found.items() if turn >= 0})
    main = counts.most_common(1)[0][0] if counts else 0
    left, bottom, right, top = page.get_bbox()
    if main == 90:
        shift, lift, width, height = bottom, -right, top - bottom, right - left
    elif main == 180:
        shift, lift, width, height = -right, -top, right - left, top - bottom
    elif main == 270:
        shift, lift, width, height = -top, left, top - bottom, right - left
    else:
        shift, lift, width, height = left, bottom, right - left, top - bottom
    glyphs = found.pop(main, [])
    for glyph in glyphs:
        glyph.left -= shift
        glyph.right -= shift
        glyph.base -= lift
    return PageGlyphs(glyphs, [glyph for rest in found.values() for glyph in rest], width, height, unreadable)
