"""A DOCX file's parts in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.docx.runs import Line, Runs
from brevity.documents.formats.docx.sample import SAMPLE
from brevity.documents.formats.docx.styles import (
    Numbering,
    Style,
    heading_level,
    is_on,
    load_styles,
    numbering_of,
    outline_of,
    value,
)
from brevity.documents.formats.packages import BrokenXml, Package, attribute, child, elements, forget, local
from brevity.documents.model import BlockKind, Found, Part, Warned
from brevity.documents.titles import real_title

_BLOCKS = frozenset({"p", "tbl", "sdt", "customXml", "altChunk"})
_FURNITURE = re.compile(r"toc \d|toc heading|table of figures|table of authorities|index \d|index heading")
_CODE = re.compile(r".*\b(?:code|source|preformatted|listing|verbatim)\b")
_NOTES = {"footnote": "footnotes", "endnote": "endnotes"}
_LAYOUT_WORDS = 30
_LONGEST_BOLD = 120
_SET_APART = re.compile(r"[\n\t]|\s{3}")
_SHORT_LINE = 60
_DEEPEST = 40


def read_docx(data: bytes, budget: Budget) -> Found:
    """What Word shows: headings, paragraphs, lists, tables, text boxes and notes.

    Insertions that are tracked count, deletions do not. Page headers and footers, comments, hidden text and field
    codes are left out.

    Raises:
        Rejected: `zip_bomb`, `encrypted`, `unreadable`.
    """
    package = Package(data)
    main = package.main() or "word/document.xml"
    body = package.read(main)
    if not body:
        raise Rejected(
            "the file is no Word document: it has no main part",
            code="unreadable",
            remedy="Open it in Word, save it as DOCX, and send that file.",
        )
    reader = _Reader(package, main, budget)
    try:
        reader.read_body(body)
    except BrokenXml:
        raise Rejected(
            "the Word document is damaged: its text cannot be parsed",
            code="unreadable",
            remedy="Open it in Word, save it again, and send that file.",
        ) from None
    return reader.found()


class _Reader:
    def __init__(self, package: Package, main: str, budget: Budget) -> None:
        self._package = package
        self._budget = budget
        self._names: dict[str, list[str]] = {}
        for kind, name in package.related(main).values():
            self._names.setdefault(kind, []).append(name)
        self._related = package.related(main)
        self._styles = load_styles(self._part("styles"))
        self._numbering = Numbering(self._part("numbering"))
        self._runs = Runs()
        self._parts: list[Part] = []
        self._notes: list[tuple[str, str]] = []
        self._carried = ""
        self._chunks = 0

    def _part(self, kind: str) -> Any:
        names = self._names.get(kind) or [f"word/{kind}.xml"]
        return self._package.tree(names[0])

    def read_body(self, data: bytes) -> None:
        for element in elements(data, _BLOCKS):
            parent = element.getparent()
            if parent is not None and local(parent) == "body":
                self._parts += self._block(element, 0)
                forget(element)

    def found(self) -> Found:
        parts = _merged(self._parts) + self._note_parts()
        title = real_title(self._package.property("title"))
        if title is None:
            head = (part for part in parts[:4] if part.kind is BlockKind.HEADING and part.level == 1)
            title = real_title(next((part.text for part in head), None))
        found = Found(parts, title, words_dropped=self._words_around())
        if self._chunks:
            found.warnings.append(
                Warned(
                    "text_left_out", f"{self._chunks} files that are embedded in the document were not read"
                )
            )
        return found

    def _block(self, element: Any, depth: int) -> Iterator[Part]:
        name = local(element)
        if depth > _DEEPEST:
            return
        if name == "p":
            yield from self._paragraph(element, depth)
        elif name == "tbl":
            yield from self._table(element, depth)
        elif name == "altChunk":
            self._chunks += 1
        elif name in {"sdt", "sdtContent", "customXml", "ins", "moveTo", "txbxContent", "tc"}:
            if name == "sdt" and is_on(child(element, "sdtPr"), "showingPlcHdr"):
                return
            for each in element:
                yield from self._block(each, depth + 1)

    def _paragraph(self, element: Any, depth: int) -> Iterator[Part]:
        line = self._runs.read(element)
        self._notes += line.notes
        properties = child(element, "pPr")
        text, self._carried = self._carried + line.text, ""
        mark = None if properties is None else child(properties, "rPr")
        if mark is not None and child(mark, "del") is not None:
            self._carried = text  # its end was deleted: it goes on in the next
        elif text.strip():
            part = self._part_of(self._budget.earn(text), properties, line)
            yield part
            if part.kind in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM} and "\n" in text.strip():
                pieces = list(_pieces(part.text.strip()))
                part.text = pieces[0]
                yield from (Part(part.kind, piece, part.level) for piece in pieces[1:])
        for box in line.boxes:
            yield from self._block(box, depth + 1)

    def _part_of(self, text: str, properties: Any, line: Line) -> Part:
        style = (
            self._styles.get(value(child(properties, "pStyle")) or "", Style())
            if properties is not None
            else Style()
        )
        list_id, list_level = numbering_of(properties)
        list_id, list_level = (
            list_id or style.numbering,
            list_level if list_level is not None else style.level,
        )
        number = ""
        is_item = list_id not in {None, "0"}
        if is_item and list_id is not None:
            number = self._numbering.next(list_id, list_level or 0)
        if style.hidden:
            return Part(BlockKind.FURNITURE, "")
        text = f"{number} {text}" if number else text
        level = heading_level(style, outline_of(properties))
        if _FURNITURE.match(style.name):
            return Part(BlockKind.FURNITURE, text)
        if level is not None:
            return Part(BlockKind.HEADING, text, level)
        if _CODE.match(style.name):
            return Part(BlockKind.CODE, text)
        if "quote" in style.name or style.name == "block text":
            return Part(BlockKind.QUOTATION, text)
        if style.name.startswith("caption"):
            return Part(BlockKind.CAPTION, text)
        if is_item or (style.name.startswith(("list bullet", "list number", "list paragraph")) and number):
            return Part(BlockKind.LIST_ITEM, text, (list_level or 0) + 1)
        if style.name.startswith(("list bullet", "list number")):
            return Part(BlockKind.LIST_ITEM, text, 1)
        if style.name in {"footnote text", "endnote text"}:
            return Part(BlockKind.NOTE, text)
        bold = line.bold >= 0.95 * line.characters if not style.bold else line.characters > 0
        if (
            bold
            and len(text) < _LONGEST_BOLD
            and text.strip()[-1] not in ".;,:"
            and not _SET_APART.search(text.strip())
        ):
            return Part(BlockKind.HEADING, text, 6)
        return Part(BlockKind.PARAGRAPH, text)

    def _table(self, table: Any, depth: int) -> Iterator[Part]:
        """A table as one part; one that only lays out a page as what stands in its cells."""
        rows: list[list[list[Part]]] = []
        for row in _rows(table):
            cells: list[list[Part]] = []
            for cell in _cells(row):
                merged = None if child(cell, "tcPr") is None else child(child(cell, "tcPr"), "vMerge")
                goes_on = merged is not None and value(merged) not in {"restart"}
                cells.append([] if goes_on else list(self._block(cell, depth + 1)))
            rows.append(cells)
        filled = [cell for cells in rows for cell in cells if cell]
        words = sum(len(part.text.split()) for cell in filled for part in cell)
        if all(len(cells) < 2 for cells in rows) or (filled and words / len(filled) >= _LAYOUT_WORDS):
            for cell in filled:
                yield from cell
            return
        lines = [
            "\t".join(" ".join(" ".join(part.text.split()) for part in cell) for cell in cells)
            for cells in rows
        ]
        text = "\n".join(line for line in lines if line.strip())
        if text:
            yield Part(BlockKind.TABLE, text)

    def _note_parts(self) -> list[Part]:
        found: list[Part] = []
        trees = {kind: self._part(plural) for kind, plural in _NOTES.items()}
        notes: dict[tuple[str, str], Any] = {}
        for kind, root in trees.items():
            for element in () if root is None else root:
                if local(element) == kind and attribute(element, "type") in {None, "normal"}:
                    notes[kind, attribute(element, "id") or ""] = element
        for key in dict.fromkeys((*self._notes, *notes)):  # those that nothing refers to come last
            element = notes.get(key)
            if element is not None:
                texts = (part.text for each in element for part in self._block(each, 0))
                found.append(Part(BlockKind.NOTE, " ".join(" ".join(texts).split())))
        return found

    def _words_around(self) -> int:
        """Words of page headers, footers and comments."""
        words = 0
        for kind in ("header", "footer", "comments"):
            for name in self._names.get(kind, [])[:100]:
                root = self._package.tree(name)
                if root is not None:
                    words += sum(len((each.text or "").split()) for each in root.iter("{*}t"))
        return words


def _pieces(text: str) -> Iterator[str]:
    """A paragraph's text cut at the line ends that somebody set in it, where these end a line of their own."""
    piece = ""
    for line in text.split("\n"):
        ended = piece[-1:] in ".!?:;…。！？" or len(piece) < _SHORT_LINE
        if piece and line[:1] and not line[0].islower() and ended:
            yield piece
            piece = line
        else:
            piece = f"{piece}\n{line}" if piece else line
    yield piece


def _rows(table: Any) -> Iterator[Any]:
    for each in table:
        name = local(each)
        if name == "tr":
            properties = child(each, "trPr")
            if properties is None or child(properties, "del") is None:
                yield each
        elif name in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _rows(each)


def _cells(row: Any) -> Iterator[Any]:
    for each in row:
        name = local(each)
        if name == "tc":
            yield each
        elif name in {"sdt", "sdtContent", "customXml", "ins"}:
            yield from _cells(each)


def _merged(parts: list[Part]) -> list[Part]:
    """Lines of code that follow each other, as one part."""
    found: list[Part] = []
    for part in parts:
        if part.kind is BlockKind.CODE and found and found[-1].kind is BlockKind.CODE:
            found[-1].text += f"\n{part.text}"
        elif part.text:
            found.append(part)
    return found


def warm() -> None:
    """Load what is loaded when it is first used."""
    read_docx(SAMPLE, Budget.idle())
