"""PPTX: slides in their order, with titles, bullets, tables and speakers' notes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.packages import Package, attribute, child, local
from brevity.documents.model import BlockKind, Found, Part
from brevity.documents.titles import real_title

_TITLES = {"title", "ctrTitle"}
_AROUND = {"ftr", "sldNum", "dt", "hdr", "sldImg"}
_BULLETED = {"body", "obj", "subTitle"}
_DEEPEST = 30


@dataclass(slots=True)
class _Shape:
    element: Any
    placeholder: str | None
    place: tuple[int, int] | None


def read_pptx(data: bytes, budget: Budget) -> Found:
    """Each slide's title as a heading, then what stands on it from top to bottom, then its notes.

    Slides that are hidden, footers and slide numbers are left out.

    Raises:
        Rejected: `zip_bomb`, `encrypted`, `unreadable`.
    """
    package = Package(data)
    main = package.main() or "ppt/presentation.xml"
    root = package.tree(main)
    if root is None:
        raise Rejected(
            "the presentation is damaged: its list of slides cannot be read",
            code="unreadable",
            remedy="Open it in PowerPoint, save it again, and send that file.",
        )
    related = package.related(main)
    parts: list[Part] = []
    dropped = 0
    for element in root.iter("{*}sldId"):
        relation = next((value for name, value in element.items() if name.endswith("}id")), "")
        slide = _Slide(package, related.get(relation, ("", ""))[1], budget)
        parts += slide.parts()
        dropped += slide.dropped
    title = real_title(package.property("title"))
    if title is None:
        title = real_title(next((part.text for part in parts if part.kind is BlockKind.HEADING), None))
    return Found(parts, title, words_dropped=dropped)


class _Slide:
    def __init__(self, package: Package, name: str, budget: Budget) -> None:
        self._package = package
        self._root = package.tree(name) if name else None
        self._related = package.related(name) if name else {}
        self._budget = budget
        self.dropped = 0

    def parts(self) -> list[Part]:
        if self._root is None:
            return []
        shapes = list(_shapes(self._root, 0))
        if self._root.get("show") in {"0", "false"}:
            self.dropped = sum(len((each.text or "").split()) for each in self._root.iter("{*}t"))
            return []
        titles = [shape for shape in shapes if shape.placeholder in _TITLES]
        others = [shape for shape in shapes if shape.placeholder not in _TITLES]
        if all(shape.place for shape in others):
            others.sort(key=lambda shape: shape.place or (0, 0))
        found = [part for shape in titles for part in self._title(shape)]
        for shape in others:
            found += self._shape(shape)
        return found + list(self._notes())

    def _title(self, shape: _Shape) -> Iterator[Part]:
        text = " ".join(text for text, _, _ in _paragraphs(shape.element))
        if text.strip():
            level = 1 if shape.placeholder == "ctrTitle" else 2
            yield Part(BlockKind.HEADING, self._budget.earn(text), level)

    def _shape(self, shape: _Shape) -> Iterator[Part]:
        if shape.placeholder in _AROUND:
            self.dropped += sum(len(text.split()) for text, _, _ in _paragraphs(shape.element))
            return
        if local(shape.element) == "graphicFrame":
            yield from self._frame(shape.element)
            return
        bulleted = shape.placeholder in _BULLETED
        for text, level, bullet in _paragraphs(shape.element):
            if not text.strip():
                continue
            is_item = bullet if bullet is not None else bulleted and shape.placeholder != "subTitle"
            kind = BlockKind.LIST_ITEM if is_item else BlockKind.PARAGRAPH
            yield Part(kind, self._budget.earn(text), level + 1 if is_item else None)

    def _frame(self, frame: Any) -> Iterator[Part]:
        for table in frame.iter("{*}tbl"):
            rows: list[str] = []
            for row in table.iter("{*}tr"):
                cells = [
                    " ".join(" ".join(text.split()) for text, _, _ in _paragraphs(cell))
                    for cell in row
                    if local(cell) == "tc" and cell.get("hMerge") not in {"1", "true"}
                ]
                rows.append("\t".join(cells))
            yield Part(BlockKind.TABLE, self._budget.earn("\n".join(row for row in rows if row.strip())))
        for each in frame.iter("{*}relIds"):
            relation = next((value for name, value in each.items() if name.endswith("}dm")), "")
            root = self._package.tree(self._related.get(relation, ("", ""))[1])
            for point in () if root is None else root.iter("{*}pt"):
                text = " ".join(text for text, _, _ in _paragraphs(point))
                if text.strip():
                    yield Part(BlockKind.LIST_ITEM, self._budget.earn(text), 1)

    def _notes(self) -> Iterator[Part]:
        for kind, name in self._related.values():
            root = self._package.tree(name) if kind == "notesSlide" else None
            if root is None:
                continue
            for shape in _shapes(root, 0):
                if shape.placeholder == "body":
                    for text, _, _ in _paragraphs(shape.element):
                        if text.strip():
                            yield Part(BlockKind.NOTE, self._budget.earn(text))


def _shapes(element: Any, depth: int) -> Iterator[_Shape]:
    """Shapes with text, those of groups among them."""
    if depth > _DEEPEST:
        return
    for each in element:
        name = local(each)
        if name == "AlternateContent":
            first = next(iter(each), None)
            if first is not None:
                yield from _shapes(first, depth + 1)
        elif name in {"sp", "graphicFrame"}:
            yield _Shape(each, _placeholder(each), _place(each))
        elif name in {"cSld", "spTree", "grpSp"}:
            yield from _shapes(each, depth + 1)


def _placeholder(shape: Any) -> str | None:
    for each in shape.iter("{*}ph"):
        return attribute(each, "type") or "obj"
    return None


def _place(shape: Any) -> tuple[int, int] | None:
    for each in shape.iter("{*}off"):
        x, y = each.get("x", ""), each.get("y", "")
        if x.lstrip("-").isdecimal() and y.lstrip("-").isdecimal():
            return int(y) // 100_000, int(x)  # hundredths of an inch apart is one height
    return None


def _paragraphs(element: Any) -> Iterator[tuple[str, int, bool | None]]:
    """Text, level from 0, and whether a bullet is set (None: as the placeholder says)."""
    for paragraph in element.iter("{*}p"):
        pieces: list[str] = []
        for each in paragraph.iter("{*}t", "{*}br", "{*}tab"):
            parent = each.getparent()
            if local(parent) == "fld" and (parent.get("type") or "").startswith(("slidenum", "datetime")):
                continue
            pieces.append((each.text or "") if local(each) == "t" else " ")
        properties = child(paragraph, "pPr")
        level, bullet = 0, None
        if properties is not None:
            given = properties.get("lvl", "0")
            level = int(given) if given.isdecimal() and len(given) == 1 else 0
            if child(properties, "buNone") is not None:
                bullet = False
            elif child(properties, "buChar") is not None or child(properties, "buAutoNum") is not None:
                bullet = True
        yield "".join(pieces), level, bullet


def warm() -> None:
    """Load what is loaded when it is first used."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ppt/presentation.xml", "<p><sldId/></p>")
    read_pptx(out.getvalue(), Budget.idle())
