"""From the source of a page to a tree of what a reader of the page sees.

The source is parsed as browsers do it (lexbor), and copied into an lxml tree of bounded depth, without scripts, hidden
elements, controls and all attributes but those that say what an element is for. Linear in the size of the source, but
for the parser, which takes the square of the depth and of a tag's attributes: `tame` bounds both before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from brevity.documents.formats.web.elements import Element, append, new
from brevity.documents.formats.web.taming import DEEPEST, tame

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "search",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_DROPPED = frozenset(
    [
        "applet",
        "area",
        "audio",
        "base",
        "button",
        "canvas",
        "datalist",
        "embed",
        "frame",
        "frameset",
        "head",
        "iframe",
        "img",
        "input",
        "link",
        "map",
        "meta",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "optgroup",
        "option",
        "param",
        "picture",
        "progress",
        "rp",
        "rt",
        "rtc",
        "script",
        "select",
        "source",
        "style",
        "svg",
        "template",
        "textarea",
        "title",
        "track",
        "video",
        "annotation",
        "annotation-xml",
    ]
)
_KEPT = frozenset(("id", "class", "role", "itemprop", "aria-level", "colspan", "rowspan"))
_LONGEST_VALUE = 200
_NAME = re.compile(r"[a-z][a-z0-9]*")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SHADOW = re.compile(r"<template\b[^<>]{0,200}\bshadowrootmode\b[^<>]{0,200}>", re.IGNORECASE)
"""A template that is shown where it stands."""
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?:left|top|text-indent)\s*:\s*-\d{4,}",
    re.IGNORECASE,
)
_UNSEEN = re.compile(
    r"(?:^|[\s_-])(?:sr-only|screen-reader(?:-text)?|visually-?hidden|screenreader|hidden-text|offscreen|noprint"
    r"|mw-editsection|editsection|mw-jump-link|skip-?(?:link|to|nav)[\w-]*)(?:$|[\s_-])",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_BRACES = re.compile(r"[{}]")
_NO_DISPLAY = re.compile(r"display\s*:\s*none")
_SIMPLE = re.compile(r"[.#][\w-]+")
_LONGEST_STYLES = 200_000


@dataclass(slots=True)
class Page:
    """A page's tree and what its head says.

    Attributes:
        meta: Contents of `<meta>`, by name or property in lower case.
        styles: Whether a program for documents wrote it (its name), from `<meta name=generator>`.
        articles: Texts that structured data gives as the page's article.
    """

    body: Element
    title: str = ""
    meta: dict[str, str] = field(default_factory=dict[str, str])
    data: list[str] = field(default_factory=list[str])


def parse(source: str) -> Page:
    """The page of `source`."""
    if "shadowrootmode" in source:
        source = _SHADOW.sub("<div>", source)
    document = LexborHTMLParser(tame(source))
    root = new("html")
    page = Page(append(root, "body", {}))
    page.title = " ".join((node.text() if (node := document.css_first("title")) else "").split())
    for node in document.css("meta[content]"):
        key = node.attrs.get("property") or node.attrs.get("name")
        if key:
            page.meta.setdefault(key.lower(), node.attrs.get("content") or "")
    for node in document.css("script[type='application/ld+json']"):
        page.data.append(node.text())
    if document.body is not None:
        _Copying(_hidden_names(document)).copy(document.body, page.body)
    return page


def _hidden_names(document: LexborHTMLParser) -> frozenset[str]:
    """Classes and ids (`.x`, `#y`) that the page's own style sheets hide, on every medium and wherever they stand."""
    styles = "\n".join(node.text() for node in document.css("style"))[:_LONGEST_STYLES]
    if not _NO_DISPLAY.search(styles):
        return frozenset()
    names: list[str] = []
    styles = _COMMENT.sub("", styles)
    depth = end = 0
    selector = ""
    for brace in _BRACES.finditer(styles):
        between = styles[end : brace.start()]
        end = brace.end()
        if brace[0] == "{":
            depth += 1
            selector = between.rpartition(";")[2]
        else:
            if depth == 1 and _NO_DISPLAY.search(between):
                names += (name.strip() for name in selector.split(","))
            depth = max(0, depth - 1)
            selector = ""
    return frozenset(name for name in names if _SIMPLE.fullmatch(name))


class _Copying:
    """A walk that copies what is seen of a parsed page, without recursion."""

    def __init__(self, hidden_names: frozenset[str]) -> None:
        self._hidden_names = hidden_names

    def copy(self, source: LexborNode, target: Element) -> None:
        above: list[LexborNode] = [source]
        parents: list[Element] = [target]
        last: list[Element | None] = [
            None
        ]  # the last child of each: an element counts its children to find it
        node = source.first_child
        while True:
            if node is None:
                node = above.pop().next
                parents.pop()
                last.pop()
                if not above:
                    return
                continue
            tag = node.tag or ""
            at = min(len(parents), DEEPEST) - 1  # what stands deeper stands beside
            if tag == "-text":
                _append_text(parents[at], last[at], _ILLEGAL.sub("", node.text_content or ""))
            elif tag and tag[0] not in "-!":
                attributes = node.attributes
                if not self._is_unseen(tag, attributes, parents[-1]):
                    element = last[at] = _element(tag, attributes, parents[at])
                    child = node.first_child
                    if child is not None:
                        above.append(node)
                        parents.append(element)
                        last.append(None)
                        node = child
                        continue
            node = node.next

    def _is_unseen(self, tag: str, attributes: dict[str, str | None], parent: Element) -> bool:
        if tag == "button":
            return parent.tag not in ("h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary", "span")
        if tag in _DROPPED:
            return True
        if not attributes:
            return tag == "dialog"
        if "hidden" in attributes and attributes["hidden"] != "until-found":
            return True
        if tag == "dialog" and "open" not in attributes:
            return True
        if _HIDING.search(attributes.get("style") or ""):
            return True
        if tag not in BLOCKS and attributes.get("aria-hidden") == "true":
            return True
        name = attributes.get("class") or ""
        if name and _UNSEEN.search(name):
            return True
        if self._hidden_names:
            return f"#{attributes.get('id')}" in self._hidden_names or any(
                f".{one}" in self._hidden_names for one in name.split()
            )
        return False


def _element(tag: str, attributes: dict[str, str | None], parent: Element) -> Element:
    if not _NAME.fullmatch(tag):
        tag = "span"  # an element of the page's own, whose children say whether it is a block
    if tag in BLOCKS and parent.tag == "span":
        parent.tag = "div"
    kept = {
        name: _ILLEGAL.sub("", value[:_LONGEST_VALUE])
        for name, value in attributes.items()
        if value and name in _KEPT
    }
    if tag == "a" and attributes.get("href"):
        kept["href"] = "#" if (attributes["href"] or "").startswith("#") else "/"
    return append(parent, tag, kept)


def _append_text(parent: Element, last: Element | None, text: str) -> None:
    if last is None:
        parent.text = (parent.text or "") + text
    else:
        last.tail = (last.tail or "") + text
