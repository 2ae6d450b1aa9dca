"""ODT: the text of LibreOffice Writer and others."""

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

_DROPPED = frozenset(
    [
        "tracked-changes",
        "annotation",
        "annotation-end",
        "note-citation",
        "ruby-text",
        "hidden-text",
        "hidden-paragraph",
        "page-number",
        "page-count",
        "sequence-decls",
        "forms",
        "variable-decls",
        "user-field-decls",
        "bibliography-configuration",
        "alphabetical-index-auto-mark-file",
        "bookmark-ref-none",
        "script",
        "event-listeners",
    ]
)
_INDEXES = frozenset(
    [
        "table-of-content",
        "illustration-index",
        "table-index",
        "object-index",
        "alphabetical-index",
        "user-index",
    ]
)
_THROUGH = frozenset(
    [
        "section",
        "numbered-paragraph",
        "table-header-rows",
        "table-rows",
        "table-row-group",
        "index-body",
        "index-title",
        "text-box",
        "frame",
        "g",
        "custom-shape",
        "rect",
        "list-header",
        "bibliography",
    ]
)
_MOST_SPACES = 100
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class _Style:
    name: str
    hidden: bool = False
    bold: bool = False


def read_odt(data: bytes, budget: Budget) -> Found:
    """Headings, paragraphs, lists, tables and notes. Deleted text, comments, hidden text and page fields are left out.

    Raises:
        Rejected: `zip_bomb`, `encrypted`, `unreadable`.
    """
    package = Package(data)
    if b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise Rejected(
            "the file needs a password",
            code="encrypted",
            remedy="Open it, save it without a password, and send that file.",
        )
    root = package.tree("content.xml")
    body = None if root is None else next(root.iter("{*}text"), None)
    if body is None:
        raise Rejected(
            "the OpenDocument file is damaged: its text cannot be read",
            code="unreadable",
            remedy="Open it in LibreOffice, save it again, and send that file.",
        )
    reader = _Reader(budget, [root, package.tree("styles.xml")])
    parts = [part for part in reader.blocks(body, 0) if part.text.strip()]
    parts += reader.notes
    return Found(_with_code(parts), _title(package, parts), words_dropped=reader.dropped)


class _Reader:
    def __init__(self, budget: Budget, trees: list[Any]) -> None:
        self._budget = budget
        self._styles = _styles(trees)
        self.notes: list[Part] = []
        self.dropped = 0

    def blocks(self, element: Any, depth: int, item: int = 0) -> Iterator[Part]:
        """Parts within an element; `item` is the level of the list item that it belongs to, 0 for none."""
        if depth > _DEEPEST:
            return
        for each in element:
            name = local(each)
            if name in {"p", "h"}:
                yield from self._paragraph(each, depth, item)
            elif name == "list":
                for entry in each:
                    if local(entry) in {"list-item", "list-header"}:
                        yield from self.blocks(entry, depth + 1, item + 1)
            elif name == "table":
                yield from self._table(each, depth)
            elif name in _INDEXES:
                for part in self.blocks(each, depth + 1):
                    yield Part(BlockKind.FURNITURE, part.text)
            elif name in _DROPPED:
                self._drop(each)
            elif name in _THROUGH:
                yield from self.blocks(each, depth + 1, item)

    def _paragraph(self, element: Any, depth: int, item: int) -> Iterator[Part]:
        style = self._style(element)
        pieces: list[str] = []
        frames: list[Any] = []
        self._inline(element, pieces, frames, depth)
        text = "".join(pieces)
        if text.strip() and not style.hidden:
            yield _part(self._budget.earn(text), element, style, item)
        for frame in frames:
            yield from self.blocks(frame, depth + 1)

    def _inline(self, element: Any, pieces: list[str], frames: list[Any], depth: int) -> None:
        if depth > _DEEPEST:
            return
        pieces.append(element.text or "")
        for each in element:
            name = local(each)
            if name == "s":
                count = attribute(each, "c") or "1"
                pieces.append(" " * min(_MOST_SPACES, int(count) if count.isdecimal() else 1))
            elif name == "tab":
                pieces.append("\t")
            elif name == "line-break":
                pieces.append("\n")
            elif name == "note":
                body = child(each, "note-body")
                inner = (
                    " ".join(part.text for part in self.blocks(body, depth + 1)) if body is not None else ""
                )
                if inner.strip():
                    self.notes.append(Part(BlockKind.NOTE, inner))
            elif name in {"frame", "custom-shape", "rect", "g", "text-box"}:
                frames.append(each)
            elif name in _DROPPED:
                self._drop(each)
            elif name and not (name == "span" and self._style(each).hidden):
                self._inline(each, pieces, frames, depth + 1)
            pieces.append(each.tail or "")

    def _table(self, table: Any, depth: int) -> Iterator[Part]:
        rows: list[str] = []
        alone = True
        cells_of: list[list[Part]] = []
        for row in table.iter("{*}table-row"):
            if _table_of(row) is not table:
                continue
            texts: list[str] = []
            for cell in row:
                if local(cell) == "table-cell":
                    parts = list(self.blocks(cell, depth + 1))
                    cells_of.append(parts)
                    texts.append(" ".join(" ".join(part.text.split()) for part in parts))
                elif local(cell) == "covered-table-cell":
                    texts.append("")
            alone = alone and len(texts) < 2
            rows.append("\t".join(texts).rstrip("\t"))
        if alone:
            for parts in cells_of:
                yield from parts
        elif any(rows):
            yield Part(BlockKind.TABLE, "\n".join(row for row in rows if row.strip()))

    def _style(self, element: Any) -> _Style:
        return self._styles.get(attribute(element, "style-name") or "", _Style(""))

    def _drop(self, element: Any) -> None:
        if local(element) == "annotation":
            self.dropped += len(" ".join(element.itertext()).split())


def _table_of(row: Any) -> Any:
    parent = row.getparent()
    while parent is not None and local(parent) != "table":
        parent = parent.getparent()
    return parent


def _part(text: str, element: Any, style: _Style, item: int) -> Part:
    name = style.name
    if local(element) == "h":
        level = attribute(element, "outline-level") or "1"
        return Part(BlockKind.HEADING, text, min(6, max(1, int(level)) if level.isdecimal() else 1))
    if name.startswith("heading"):
        return Part(BlockKind.HEADING, text, min(6, int(name[-1])) if name[-1] in "123456789" else 1)
    if name in {"title", "subtitle"}:
        return Part(BlockKind.HEADING, text, 1 if name == "title" else 2)
    if name.startswith("contents"):
        return Part(BlockKind.FURNITURE, text)
    if name.startswith(("preformatted", "source", "code")):
        return Part(BlockKind.CODE, text)
    if name.startswith(("caption", "illustration", "figure", "drawing")) or name in {"table", "text"}:
        return Part(BlockKind.CAPTION, text)
    if item:
        return Part(BlockKind.LIST_ITEM, text, item)
    if name.startswith(("quot", "block")):
        return Part(BlockKind.QUOTATION, text)
    if name in {"footnote", "endnote"}:
        return Part(BlockKind.NOTE, text)
    if style.bold and len(text) < 100 and text.strip()[-1] not in ".;,:":
        return Part(BlockKind.HEADING, text, 6)
    return Part(BlockKind.PARAGRAPH, text)


def _styles(trees: list[Any]) -> dict[str, _Style]:
    """Styles by name: automatic ones under the named style that they come from, in lower case with blanks."""
    found: dict[str, _Style] = {}
    for tree in trees:
        for each in () if tree is None else tree.iter("{*}style"):
            name, parent = attribute(each, "name") or "", attribute(each, "parent-style-name")
            automatic = local(each.getparent()) == "automatic-styles"
            properties = child(each, "text-properties")
            hidden = bold = False
            if properties is not None:
                hidden = attribute_ending(properties, "display") == "none"
                bold = attribute_ending(properties, "font-weight") == "bold"
            shown = (parent if automatic and parent else name).replace("_20_", " ").lower()
            found.setdefault(name, _Style(shown, hidden, bold and automatic))
    return found


def attribute_ending(element: Any, name: str) -> str | None:
    """An attribute by its name in whatever namespace."""
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), None)


def _with_code(parts: list[Part]) -> list[Part]:
    found: list[Part] = []
    for part in parts:
        if part.kind is BlockKind.CODE and found and found[-1].kind is BlockKind.CODE:
            found[-1].text += f"\n{part.text}"
        else:
            found.append(part)
    return found


def _title(package: Package, parts: list[Part]) -> str | None:
    meta = package.tree("meta.xml")
    for each in () if meta is None else meta.iter("{*}title"):
        title = real_title(each.text)
        if title:
            return title
    return real_title(next((p.text for p in parts[:4] if p.kind is BlockKind.HEADING and p.level == 1), None))


def warm() -> None:
    """Load what is loaded when it is first used."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", "<d><text><p>A bridge.</p></text></d>")
    read_odt(out.getvalue(), Budget.idle())
