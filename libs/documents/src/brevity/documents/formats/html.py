"""HTML pages: the article where a page names one, else its body."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser

from brevity.documents.budget import Budget
from brevity.documents.characters import decode
from brevity.documents.model import BlockKind, Found, Part

_BLOCKS = "p,div,section,article,h1,h2,h3,h4,h5,h6,li,tr,blockquote,pre,dt,dd,figcaption,table,ul,ol"
_NOISE = "script,style,noscript,template,nav,aside,footer,form,iframe,svg,button,select,head"


def read_html(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """Readable paragraphs and title of a page."""
    decoded = decode(data, charset, markup=True)
    tree = LexborHTMLParser(decoded.text)
    title_node = tree.css_first("title")
    title = " ".join(title_node.text().split()) if title_node else ""
    for node in tree.css(_NOISE):
        node.decompose()
    root = tree.css_first("article") or tree.css_first("main") or tree.body
    if root is None:
        return Found([], title or None, decoded.warnings)
    for node in root.css("br"):
        node.replace_with("\n\n")
    for node in root.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    paragraphs = budget.earn(root.text()).split("\n\n")
    return Found([Part(BlockKind.PARAGRAPH, text) for text in paragraphs], title or None, decoded.warnings)


def warm() -> None:
    read_html(b"<p>x", Budget.idle())
