"""Elements of a page's tree: the part of lxml's that is used, with types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from lxml import etree, html  # pyright: ignore


class Element(Protocol):
    """As lxml.html.HtmlElement."""

    tag: str
    text: str | None
    tail: str | None

    def get(self, name: str, /) -> str | None: ...
    def getparent(self) -> Element | None: ...
    def iter(self, *tags: str) -> Iterator[Element]: ...
    def iterdescendants(self, *tags: str) -> Iterator[Element]: ...
    def itertext(self) -> Iterator[str]: ...
    def findall(self, path: str, /) -> list[Element]: ...
    def __iter__(self) -> Iterator[Element]: ...
    def __len__(self) -> int: ...
    def __hash__(self) -> int: ...


_etree = cast(Any, etree)
_html = cast(Any, html)


def new(tag: str) -> Element:
    """The root of a tree."""
    return _html.Element(tag)


def append(parent: Element, tag: str, attributes: Mapping[str, str]) -> Element:
    """A new last child."""
    return _etree.SubElement(parent, tag, attributes)


def walk(element: Element) -> Iterator[tuple[str, Element]]:
    """Every element below `element` and itself: `start` at its beginning, `end` at its end."""
    return _etree.iterwalk(element, events=("start", "end"))
