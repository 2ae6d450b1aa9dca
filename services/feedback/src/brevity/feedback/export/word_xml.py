"""The parts of WordprocessingML that python-docx has no call for: direction, language, links, bookmarks, fields."""

from __future__ import annotations

from typing import Any

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from brevity.feedback.export.languages import parse
from brevity.feedback.export.text import is_rtl

# Faces that Word and Windows bring along; other programs put their own in place.
_FACE, _COMPLEX = (
    "Calibri",
    {"hi": "Nirmala UI", "bn": "Nirmala UI", "ta": "Nirmala UI", "th": "Leelawadee UI"},
)
_EAST_ASIAN = {"zh": "Microsoft YaHei", "ja": "Yu Gothic", "ko": "Malgun Gothic"}
_TRADITIONAL = "Microsoft JhengHei"
# What may follow w:bidi in w:pPr; the schema fixes the order.
_AFTER_BIDI = (
    "w:adjustRightInd", "w:snapToGrid", "w:spacing", "w:ind", "w:contextualSpacing", "w:mirrorIndents",
    "w:suppressOverlap", "w:jc", "w:textDirection", "w:textAlignment", "w:textboxTightWrap", "w:outlineLvl",
    "w:divId", "w:cnfStyle", "w:rPr", "w:sectPr", "w:pPrChange",
)  # fmt: skip
_AFTER_SHADE = ("w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:overflowPunct", "w:topLinePunct",
                "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", *_AFTER_BIDI)  # fmt: skip


def _element(tag: str, **attributes: str) -> Any:
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def write(paragraph: Paragraph, text: str, language: str, whole: str | None = None) -> Paragraph:
    """Add `text` in its language; the paragraph takes the direction of `whole`, or else of `text`."""
    properties: Any = paragraph._p.get_or_add_pPr()
    if is_rtl(whole or text) and properties.find(qn("w:bidi")) is None:
        properties.insert_element_before(_element("bidi"), *_AFTER_BIDI)
    if text:
        _tag(paragraph.add_run(text), text, language)
    return paragraph


def _tag(run: Run, text: str, language: str) -> None:
    tag = parse(language)
    rtl = is_rtl(text)
    east_asian = tag.primary in _EAST_ASIAN
    complex_script = rtl or tag.primary in _COMPLEX
    properties: Any = run._r.get_or_add_rPr()
    fonts = _element("rFonts", ascii=_FACE, hAnsi=_FACE, cs=_COMPLEX.get(tag.primary, "Arial"))
    if east_asian:
        fonts.set(qn("w:eastAsia"), _TRADITIONAL if tag.traditional_chinese else _EAST_ASIAN[tag.primary])
    properties.insert(0, fonts)
    if rtl:
        run.font.rtl = True
    named = language if language != "und" else "x-none"
    properties.append(
        _element("lang", **{"bidi" if complex_script else "eastAsia" if east_asian else "val": named})
    )


def add_link(paragraph: Paragraph, anchor: str, text: str, language: str, *, raised: bool = False) -> None:
    """Add `text` as a link to a bookmark of this document."""
    link = _element("hyperlink", anchor=anchor, history="1")
    run = Run(_element("r"), paragraph)
    run.text = text
    _tag(run, text, language)
    run.font.color.rgb = RGBColor(0x1F, 0x4E, 0x79)
    run.font.superscript = raised or None
    link.append(run._r)
    paragraph._p.append(link)
    if is_rtl(text):
        write(paragraph, "", language, text)


def bookmark(paragraph: Paragraph, name: str, number: int) -> None:
    """Name a paragraph, for links to it; `number` must be unique in the document."""
    paragraph._p.insert(1, _element("bookmarkStart", id=str(number), name=name))
    paragraph._p.append(_element("bookmarkEnd", id=str(number)))


def shade(paragraph: Paragraph, fill: str, edge: str) -> None:
    """A coloured ground and a bar before the text."""
    properties: Any = paragraph._p.get_or_add_pPr()
    borders = _element("pBdr")
    borders.append(_element("left", val="single", sz="18", space="6", color=edge))
    ground = _element("shd", val="clear", color="auto", fill=fill)
    properties.insert_element_before(borders, "w:shd", *_AFTER_SHADE)
    properties.insert_element_before(ground, *_AFTER_SHADE)


def style_font(style: Any, points: float, colour: RGBColor) -> None:
    """Face, size and colour of a style, complex scripts (Arabic, Hindi, Thai) included."""
    if style.type != WD_STYLE_TYPE.PARAGRAPH:
        raise ValueError("a paragraph style is wanted")
    style.font.size, style.font.color.rgb, style.font.name = Pt(points), colour, _FACE
    properties = style.element.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    for name in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[name]
    for old in properties.findall(qn("w:szCs")):
        properties.remove(old)
    properties.find(qn("w:sz")).addnext(_element("szCs", val=str(round(points * 2))))


def plain_table(document: Document, rows: int, widths: tuple[Length, Length]) -> Table:
    """Two columns between two thin lines."""
    table = document.add_table(rows, len(widths))
    table.autofit = False
    borders = _element("tblBorders")
    for side in ("top", "bottom"):
        borders.append(_element(side, val="single", sz="4", space="0", color="D5DBE3"))
    properties: Any = table._tbl.tblPr
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width
    return table


def add_page_numbers(paragraph: Paragraph, colour: RGBColor) -> None:
    """`Page 2 of 7`, kept right by the program that shows the file."""
    for part in ("Page ", "PAGE", " of ", "NUMPAGES"):
        if part.strip() and part.isupper():
            field = _element("fldSimple", instr=part)
            run = Run(_element("r"), paragraph)
            run.text = "1"
            field.append(run._r)
            paragraph._p.append(field)
        else:
            run = paragraph.add_run(part)
        run.font.size, run.font.color.rgb = Pt(8), colour
