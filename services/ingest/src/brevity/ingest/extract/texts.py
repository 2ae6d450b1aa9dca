"""Text formats: bytes to characters, HTML and Markdown to plain text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from brevity.common.errors import Rejected

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCKS = "p,div,section,article,h1,h2,h3,h4,h5,h6,li,tr,blockquote,pre,dt,dd,figcaption,table,ul,ol"
_NOISE = "script,style,noscript,template,nav,aside,footer,form,iframe,svg,button,select,head"
_PART = 32_768
"""Characters of Markdown parsed at once, and as many more as there are to the next empty line."""
_LINE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})?[^\n]*\n")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:[^\n]*$", re.MULTILINE)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def decode_text(data: bytes) -> str:
    """Characters of `data`: by byte order mark, else UTF-8, else Windows-1252.

    Raises:
        Rejected: `binary`: it holds zero bytes or too many control characters; `not_utf8`: a broken encoding.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                raise Rejected(
                    f"the text begins as {name} but is broken further on",
                    code="not_utf8",
                    remedy="Save the file as UTF-8.",
                ) from None
    sample = data[:65_536]
    controls = sum(byte < 9 or 13 < byte < 27 or 28 <= byte < 32 for byte in sample)
    if b"\x00" in sample or controls * 50 > max(len(sample), 1):
        raise Rejected(
            "the file holds binary data, not text",
            code="binary",
            remedy="Send plain text, Markdown, HTML, PDF or DOCX.",
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Every byte means something in this reading once its five holes are replaced.
        return data.decode("cp1252", "replace")


def html_text(source: str) -> tuple[str, str | None]:
    """Readable text and title of an HTML page; its article where it names one, else its body."""
    tree = LexborHTMLParser(source)
    title_node = tree.css_first("title")
    title = " ".join(title_node.text().split()) if title_node else ""
    for node in tree.css(_NOISE):
        node.decompose()
    root = tree.css_first("article") or tree.css_first("main") or tree.body
    if root is None:
        return "", title or None
    for node in root.css("br"):
        node.replace_with("\n")
    for node in root.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    lines = (" ".join(line.split()) for line in root.text().split("\n"))
    return "\n".join(lines), title or None


def markdown_pieces(source: str) -> Iterator[tuple[str, str | None]]:
    """Text and first heading of a Markdown file, one piece of it after the other: joined by empty lines, they are its
    text. A parsed file takes five hundred times its size in memory, so a long one is parsed in parts."""
    known: dict[str, object] = {}
    pieces = list(_parts(source))
    if len(pieces) > 1:  # what a part refers to may be defined in another
        _MARKDOWN.parse("\n\n".join(_DEFINITION.findall(source)), known)
    for piece in pieces:
        yield _markdown_text(piece, known)


def _parts(source: str) -> Iterator[str]:
    """`source` cut at empty lines outside of fenced code, where it is long enough."""
    start, fence = 0, ""
    for line in _LINE.finditer(source):
        mark = line["fence"] or ""
        if mark and (not fence or mark.startswith(fence)):
            fence = "" if fence else mark
        elif not fence and line.end() - start > _PART and not line.group().strip():
            yield source[start : line.end()]
            start = line.end()
    yield source[start:]


def _markdown_text(source: str, known: dict[str, object]) -> tuple[str, str | None]:
    parts: list[str] = []
    title: str | None = None
    heading = False
    for token in _MARKDOWN.parse(source, known):
        if token.type == "heading_open":
            heading = True
        elif token.type == "inline":
            pieces = (
                "\n" if child.type in {"softbreak", "hardbreak"} else child.content
                for child in token.children or ()
            )
            text = "".join(pieces)
            parts.append(text)
            if heading and title is None:
                title = text.strip() or None
            heading = False
        elif token.type in {"fence", "code_block"}:
            parts.append(token.content)
    return "\n\n".join(parts), title
