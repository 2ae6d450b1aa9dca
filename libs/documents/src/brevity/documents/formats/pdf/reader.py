"""A PDF file's parts in reading order."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2  # pyright: ignore[reportMissingTypeStubs]

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.pdf.assembly import assemble, page_blocks
from brevity.documents.formats.pdf.blocks import Body, PageBlock
from brevity.documents.formats.pdf.fields import filled_fields
from brevity.documents.formats.pdf.furniture import split_furniture
from brevity.documents.formats.pdf.glyphs import GlyphReader, PageGlyphs
from brevity.documents.formats.pdf.lines import Segment, segments
from brevity.documents.formats.pdf.pdfium import pdfium
from brevity.documents.formats.pdf.sample import SAMPLE
from brevity.documents.hyphens import Joiner
from brevity.documents.model import BlockKind, Found, Warned
from brevity.documents.titles import real_title

_FEW_WORDS = 15
_PICTURE = 0.4
_MOST_OBJECTS = 5_000
_LEGIBLE = 0.45
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_LETTER = re.compile(r"[^\W\d_]")
_OCR = "Recognize its text first, for example with `ocrmypdf --skip-text scan.pdf text.pdf`, and send the file that it writes."


@dataclass(slots=True)
class _Pages:
    segments: list[list[Segment]] = field(default_factory=list[list[Segment]])
    heights: list[float] = field(default_factory=list[float])
    pictures: list[int] = field(default_factory=list[int])
    """Numbers of the pages whose text is drawn as a picture, or cannot be told from how it is drawn."""
    illegible: int = 0
    turned_words: int = 0
    blank: int = 0


def read_pdf(data: bytes, budget: Budget) -> Found:
    """Text of a PDF file: headings, paragraphs, lists, tables, captions and notes, in reading order.

    Raises:
        Rejected: `encrypted`, `no_text` for a scan, `unreadable`.
    """
    document = _open(data)
    pages = _Pages()
    reader = GlyphReader()
    for number in range(len(document)):
        _read_page(document, number, reader, pages, budget)
    if not any(pages.segments) or (pages.pictures and _is_stamps(pages)):
        raise _without_text(pages)
    kept, dropped = split_furniture(pages.segments, pages.heights)
    if not any(kept):
        kept, dropped = pages.segments, []
    body = _body(kept)
    rtl = _is_right_to_left(kept)
    blocks = [
        page_blocks(page, body, height, rtl=rtl, picture=number in set(pages.pictures))
        for number, (page, height) in enumerate(zip(kept, pages.heights, strict=True))
    ]
    parts = assemble(blocks, body)
    found = Found(parts, _title(document, blocks))
    found.words_dropped = pages.turned_words + sum(len(segment.text.split()) for segment in dropped)
    found.warnings = _warnings(document, pages)
    return found


def warm() -> None:
    """Load what is loaded when it is first used: PDFium's fonts, and the codecs of its strings."""
    for name in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        codecs.lookup(name)
    read_pdf(SAMPLE, Budget.idle())


def _open(data: bytes) -> Any:
    start = max(0, data.find(b"%PDF-", 0, 1024))
    try:
        return pypdfium2.PdfDocument(data[start:] if start else data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise Rejected(
                "the PDF file needs a password",
                code="encrypted",
                remedy="Open it, save it without a password, and send that file.",
            ) from None
        raise Rejected(
            "the PDF file is damaged: its pages cannot be found",
            code="unreadable",
            remedy="Open it in a PDF reader, print it to a new PDF file, and send that.",
        ) from None


def _read_page(document: Any, number: int, reader: GlyphReader, pages: _Pages, budget: Budget) -> None:
    found: list[Segment] = []
    height = 1.0
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        page = None  # one broken page among others
    if page is not None:
        glyphs = reader.read(page)
        found, height = segments(glyphs.glyphs, number) + filled_fields(page, number), glyphs.height
        text = " ".join(segment.text for segment in found)
        budget.earn(text)
        pages.turned_words += len("".join(_spaced(glyphs.turned)).split())
        if _is_illegible(glyphs, text):
            pages.illegible += 1
            pages.pictures.append(number)
            pages.turned_words += len(text.split())
            found = []
        elif len(text.split()) < _FEW_WORDS and _is_picture(page, empty=not text):
            pages.pictures.append(number)
        elif not text:
            pages.blank += 1
        page.close()
    pages.segments.append(found)
    pages.heights.append(height)


def _spaced(glyphs: Iterable[Any]) -> Iterable[str]:
    for glyph in glyphs:
        yield f" {glyph.text}" if glyph.space_before else glyph.text


def _is_illegible(glyphs: PageGlyphs, text: str) -> bool:
    """Whether the page's fonts do not say which letters they draw."""
    signs = [character for character in text if not character.isspace()]
    if glyphs.unreadable > max(40, len(signs)):
        return True
    if len(signs) < 80:
        return False
    words = sum(character.isalnum() or ord(character) > 0x300 for character in signs)
    if words < _LEGIBLE * len(signs) and glyphs.unreadable > 0.05 * len(signs):
        return True
    return _mixes_scripts(text)


def _mixes_scripts(text: str) -> bool:
    """Whether letters of one word are of different scripts, again and again."""
    mixed = pairs = 0
    before = None
    for character in text:
        script = _script(character) if character.isalpha() else None
        if script is not None and before is not None:
            pairs += 1
            mixed += script != before
        before = script
    return mixed * 4 > pairs > 60


def _script(character: str) -> int:
    """A number for the block of characters, those of one script mostly the same."""
    code = ord(character)
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return 0
    if 0x2E80 <= code < 0xAC00 or 0xF900 <= code < 0xFB00 or code >= 0xFF00:
        return 1
    if 0xAC00 <= code < 0xD7B0 or 0x600 <= code < 0x900 or 0x370 <= code < 0x400 or 0x1F00 <= code < 0x2200:
        return 2
    return code >> 7


def _is_picture(page: Any, *, empty: bool) -> bool:
    """Whether a page with hardly a word shows a picture over much of it; any drawing where there is no word."""
    left, bottom, right, top = page.get_bbox()
    whole = abs((right - left) * (top - bottom)) or 1.0
    area, drawn = 0.0, 0
    for number, item in enumerate(page.get_objects(max_depth=3)):
        if number > _MOST_OBJECTS:
            break
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            try:
                low_x, low_y, high_x, high_y = item.get_bounds()
            except pypdfium2.PdfiumError:
                continue
            width = min(high_x, right) - max(low_x, left)
            area += max(0.0, width) * max(0.0, min(high_y, top) - max(low_y, bottom))
        drawn += item.type == pdfium.FPDF_PAGEOBJ_PATH
    return area > _PICTURE * whole or (empty and (area > 0 or drawn > 50))


def _is_stamps(pages: _Pages) -> bool:
    """Whether all that is written stands on pages that are pictures."""
    others = (page for number, page in enumerate(pages.segments) if number not in set(pages.pictures))
    return sum(len(segment.text.split()) for page in others for segment in page) < _FEW_WORDS


def _without_text(pages: _Pages) -> Rejected:
    if pages.illegible:
        return Rejected(
            "the PDF file's fonts do not say which letters they draw, so its text cannot be read",
            code="no_text",
            remedy=_OCR.replace("--skip-text", "--force-ocr"),
        )
    if pages.pictures:
        return Rejected(
            "the PDF file holds pictures of pages (a scan), not text", code="no_text", remedy=_OCR
        )
    return Rejected(
        "the PDF file holds no text", code="no_text", remedy="Send a file with text on its pages."
    )


def _body(pages: Sequence[Sequence[Segment]]) -> Body:
    """The type that most of the text is set in."""
    sizes: Counter[float] = Counter()
    bold = monospaced = total = 0
    for page in pages:
        for segment in page:
            count = len(segment.text)
            sizes[round(segment.size * 2) / 2] += count
            total += count
            bold += segment.bold * count
            monospaced += segment.monospaced * count
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    return Body(size or 1.0, bold * 2 > total, monospaced * 2 > total)


def _is_right_to_left(pages: Sequence[Sequence[Segment]]) -> bool:
    foreign = letters = 0
    for page in pages:
        for segment in page:
            letters += len(_LETTER.findall(segment.text))
            if segment.rtl:
                foreign += len(_RIGHT_TO_LEFT.findall(segment.text))
    return foreign * 2 > letters


def _title(document: Any, blocks: Sequence[Sequence[PageBlock]]) -> str | None:
    """The title that the file names, else the largest heading of its first page."""
    try:
        named = real_title(document.get_metadata_dict(skip_empty=True).get("Title"))
    except (pypdfium2.PdfiumError, UnicodeError):
        named = None
    if named:
        return named
    first = next((page for page in blocks if page), ())
    headings = [block for block in first if block.kind is BlockKind.HEADING and len(block.text) > 3]
    if not headings:
        return None
    largest = max(headings, key=lambda block: block.size)
    return real_title(Joiner().join(line.text for line in largest.lines))


def _warnings(document: Any, pages: _Pages) -> list[Warned]:
    found: list[Warned] = []
    scanned = len(pages.pictures) - pages.illegible
    total = len(pages.segments)
    if scanned:
        found.append(
            Warned(
                "scanned_pages", f"{scanned} of {total} pages are pictures, whose text was not read. {_OCR}"
            )
        )
    if pages.illegible:
        found.append(
            Warned(
                "scanned_pages",
                f"on {pages.illegible} of {total} pages the fonts do not say which letters they draw",
            )
        )
    attached = pdfium.FPDFDoc_GetAttachmentCount(document.raw)
    if attached > 0:
        found.append(
            Warned(
                "attachments_left_out", f"the PDF file carries {attached} other files, which were not read"
            )
        )
    return found
