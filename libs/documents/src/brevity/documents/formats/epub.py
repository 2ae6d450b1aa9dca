"""EPUB: the chapters of a book in their order."""

from __future__ import annotations

import importlib
import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.packages import BrokenXml, Package, etree, local, parser
from brevity.documents.letterforms import raised
from brevity.documents.model import BlockKind, Found, Part
from brevity.documents.titles import real_title

_html: Any = importlib.import_module("lxml.html")
_DROPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "svg",
        "math",
        "nav",
        "head",
        "iframe",
        "object",
        "audio",
        "video",
        "rt",
        "rp",
        "button",
        "form",
    ]
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "body",
        "header",
        "footer",
        "aside",
        "figure",
        "figcaption",
        "caption",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "table",
        "pre",
        "hr",
        "address",
        "center",
        "details",
        "summary",
        "fieldset",
    ]
) | set(_HEADINGS)
_NOTES = frozenset({"footnote", "endnote", "rearnote", "note"})
_CONTENTS = {"toc", "landmarks", "page-list", "pagelist", "pagebreak", "loi", "lot"}
_PAGES = {"application/xhtml+xml", "text/html"}
_DEEPEST = 150
_LINKS = 8


def read_epub(data: bytes, budget: Budget) -> Found:
    """Headings, paragraphs, lists, quotations, tables and notes of all chapters; tables of contents as furniture.

    Raises:
        Rejected: `zip_bomb`, `encrypted` for a book under copy protection, `unreadable`.
    """
    package = Package(data)
    opf = _package_document(package)
    root = package.tree(opf) if opf else None
    if root is None:
        raise Rejected(
            "the EPUB book is damaged: its list of chapters cannot be read",
            code="unreadable",
            remedy="Open it in an e-book editor, save it again, and send that file.",
        )
    chapters = list(_chapters(root, opf))
    locked = _locked(package)
    if any(chapter.lower() in locked for chapter in chapters):
        raise Rejected(
            "the EPUB book is under copy protection",
            code="encrypted",
            remedy="Send a copy without protection, or the text itself.",
        )
    parts: list[Part] = []
    for chapter in dict.fromkeys(chapters):
        parts += _Chapter(budget).parts(package.read(chapter))
    title = next((real_title(each.text) for each in root.iter("{*}title") if each.text), None)
    return Found(parts, title)


def _package_document(package: Package) -> str:
    container = package.tree("META-INF/container.xml")
    for each in () if container is None else container.iter("{*}rootfile"):
        if each.get("full-path"):
            return str(each.get("full-path"))
    return next((name for name in package.names() if name.endswith(".opf")), "")


def _chapters(root: Any, opf: str) -> Iterator[str]:
    """The names of the parts that a reader leafs through, in order; the navigation is not among them."""
    folder = posixpath.dirname(opf)
    items = {each.get("id"): each for each in root.iter("{*}item")}
    for each in root.iter("{*}itemref"):
        item = items.get(each.get("idref"))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        if item.get("media-type") in _PAGES and item.get("href"):
            yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href"))))


def _locked(package: Package) -> set[str]:
    root = package.tree("META-INF/encryption.xml")
    found = () if root is None else root.iter("{*}CipherReference")
    return {unquote(each.get("URI") or "").lstrip("/").lower() for each in found}


class _Chapter:
    """One page of markup as parts."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._parts: list[Part] = []
        self._pieces: list[str] = []
        self._linked = 0

    def parts(self, data: bytes) -> list[Part]:
        root = _page(data)
        if root is None:
            return []
        body = next(root.iter("{*}body"), None)
        self._walk(root if body is None else body, Part(BlockKind.PARAGRAPH, ""), 0)
        self._flush(Part(BlockKind.PARAGRAPH, ""))
        words = sum(len(part.text) for part in self._parts)
        if len(self._parts) >= _LINKS and self._linked * 10 > words * 7:  # a table of contents
            return [Part(BlockKind.FURNITURE, part.text) for part in self._parts]
        return self._parts

    def _walk(self, element: Any, frame: Part, depth: int) -> None:
        """`frame` says what text is that stands directly in `element`."""
        if depth > _DEEPEST:
            return
        self._pieces.append(element.text or "")
        for each in element:
            name = local(each)
            if name == "br":
                self._pieces.append("\n")
            elif not name or name in _DROPPED or each.get("hidden") is not None or _is_contents(each):
                pass
            elif name == "table":
                self._flush(frame)
                self._table(each, depth)
            elif name == "pre":
                self._flush(frame)
                self._parts.append(
                    Part(BlockKind.CODE, self._budget.earn("".join(each.itertext()).strip("\n")))
                )
            elif name == "sup":
                text = "".join(each.itertext()).strip()
                self._pieces.append(raised(text) if text.isdecimal() else text)
            elif name in _BLOCKS:
                self._flush(frame)
                inner = _frame(name, each, frame)
                self._walk(each, inner, depth + 1)
                self._flush(inner)
            else:
                if name == "a" and each.get("href"):
                    self._linked += len("".join(each.itertext()))
                self._walk(each, frame, depth + 1)
            self._pieces.append(each.tail or "")

    def _table(self, table: Any, depth: int) -> None:
        rows: list[str] = []
        for row in table.iter("{*}tr"):
            cells = [
                " ".join("".join(cell.itertext()).split()) for cell in row if local(cell) in {"td", "th"}
            ]
            rows.append("\t".join(cells))
        text = "\n".join(row for row in rows if row.strip())
        caption = next(table.iter("{*}caption"), None)
        if caption is not None:
            self._parts.append(Part(BlockKind.CAPTION, " ".join("".join(caption.itertext()).split())))
        if text and any("\t" in row for row in rows):
            self._parts.append(Part(BlockKind.TABLE, self._budget.earn(text)))
        elif text:
            self._parts += [Part(BlockKind.PARAGRAPH, self._budget.earn(row)) for row in rows if row.strip()]

    def _flush(self, frame: Part) -> None:
        text = "".join(self._pieces)
        self._pieces = []
        if text.strip():
            self._parts.append(Part(frame.kind, self._budget.earn(text), frame.level))


def _page(data: bytes) -> Any:
    """The root of a chapter's markup: it should be XML, and often is no more than HTML."""
    try:
        return etree.fromstring(data, parser())
    except BrokenXml:
        pass
    try:
        return _html.document_fromstring(
            data, parser=_html.HTMLParser(no_network=True, encoding=_charset(data))
        )
    except (ValueError, etree.ParserError):
        return None


def _roles(element: Any) -> list[str]:
    kinds: list[str] = [
        v for k, v in element.items() if k in {"epub:type", "role"} or k.endswith("/ops}type")
    ]
    return [role for kind in kinds for role in kind.lower().split()]


def _frame(name: str, element: Any, outer: Part) -> Part:
    if name in _HEADINGS:
        return Part(BlockKind.HEADING, "", _HEADINGS[name])
    notes = any(role.removeprefix("doc-").rstrip("s") in _NOTES for role in _roles(element))
    if notes or outer.kind is BlockKind.NOTE:
        return Part(BlockKind.NOTE, "")
    if name == "li":
        return Part(
            BlockKind.LIST_ITEM, "", (outer.level or 0) + 1 if outer.kind is BlockKind.LIST_ITEM else 1
        )
    if name == "blockquote":
        return Part(BlockKind.QUOTATION, "", 1)
    if name in {"figcaption", "caption"}:
        return Part(BlockKind.CAPTION, "")
    return Part(outer.kind, "", outer.level)


def _is_contents(element: Any) -> bool:
    return any(role.removeprefix("doc-") in _CONTENTS for role in _roles(element))


def _charset(data: bytes) -> str:
    head = data[:200].lower()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    at = head.find(b"encoding=")
    if at >= 0 and head.startswith(b"<?xml"):
        name = head[at + 10 :].split(head[at + 9 : at + 10])[0].decode("ascii", "replace")
        return name if name.replace("-", "").replace("_", "").isalnum() else "utf-8"
    return "utf-8"


def warm() -> None:
    """Load what is loaded when it is first used."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "a.opf", '<p><item id="a" href="a.html" media-type="text/html"/><itemref idref="a"/></p>'
        )
        archive.writestr("a.html", "<p>A bridge.</p>")
    read_epub(out.getvalue(), Budget.idle())
