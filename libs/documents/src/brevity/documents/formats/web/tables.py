"""Tables: which hold data, and their rows."""

from __future__ import annotations

from collections.abc import Iterator

from brevity.documents.formats.web.elements import Element, walk

_MANY_WORDS = 40
_CELLS = ("td", "th")
_LOOKED_AT = 200


def is_data(table: Element) -> bool:
    """Whether a table's rows and columns mean something; else it only puts its cells side by side."""
    if (
        table.get("role") in ("presentation", "none")
        or next(table.iterdescendants("table"), None) is not None
    ):
        return False
    columns = lines = words = cells = 0
    for row in table.iter("tr"):
        here = [cell for cell in row if cell.tag in _CELLS]
        columns = max(columns, len(here))
        lines += bool(here)
        for cell in here:
            size = len(" ".join(cell.itertext()).split())
            words += size
            cells += bool(size)
            if size > 4 * _MANY_WORDS and len(cell):
                return False
        if lines > _LOOKED_AT:
            break
    return lines > 1 and columns > 1 and words <= _MANY_WORDS * cells


def rows(table: Element) -> Iterator[list[str]]:
    """The cells' texts, row by row."""
    for row in table.iter("tr"):
        cells = [text_of(cell) for cell in row if cell.tag in _CELLS]
        if any(cells):
            yield cells


def text_of(cell: Element) -> str:
    """The words of a cell, apart wherever an element that is not part of a word begins or ends."""
    texts: list[str] = []
    for event, element in walk(cell):
        block = element.tag in _APART
        if event == "start":
            if block:
                texts.append(" ")
            if not (element.tag == "sup" and "[" in (element.text or "") + "".join(element.itertext())):
                texts.append(element.text or "")
        else:
            if block:
                texts.append(" ")
            if element is not cell:
                texts.append(element.tail or "")
    return " ".join("".join(texts).split())


_APART = frozenset(
    [
        "br",
        "p",
        "div",
        "li",
        "ul",
        "ol",
        "dt",
        "dd",
        "dl",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "a",
        "span",
        "label",
        "section",
        "article",
    ]
)
