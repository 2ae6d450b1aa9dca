"""Markdown (CommonMark with tables, task lists, footnotes and front matter): what a reader of the page would see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from selectolax.lexbor import LexborHTMLParser

from brevity.documents.budget import Budget
from brevity.documents.characters import decode
from brevity.documents.model import BlockKind, Found, Part
from brevity.nlp.words import count_words

_PART = 32_768
"""Characters parsed at once, and as many more as there are to the next empty line: a parsed file takes five hundred times
its size in memory."""
_LINE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})?[^\n]*\n")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]+\]:[^\n]*$", re.MULTILINE)
_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

_FRONT = re.compile(
    r"\A\s{0,8}(?:---[ \t]*\n(?P<yaml>(?:[^\n]*\n){0,200}?)(?:---|\.\.\.)|\+\+\+[ \t]*\n(?:[^\n]*\n){0,200}?\+\+\+)[ \t]*(?:\n|\Z)"
)
_KEY = re.compile(r"^(?:#.*|\s*|\s*-.*|[\w.-]+[ \t]*:.*|[ \t]+.*)$")
"""What lines of front matter are: without a single other one, since a rule (`---`) opens some texts."""
_TITLE = re.compile(r"^title[ \t]*:[ \t]*(?P<title>.+?)[ \t]*$", re.MULTILINE)
_TASK = re.compile(r"^\[[ xX]\]\s+")
_NOTE = re.compile(r"^\[\^[^\]\n]{1,100}\]:\s*")
_NOTE_MARK = re.compile(r"\[\^[^\]\s]{1,100}\]")
_ALERT = re.compile(r"^\[!\w+\]\s*")
_DIRECTIVE = re.compile(r"^:{3,}.*$", re.MULTILINE)
_BLOCKS = "p,div,section,article,h1,h2,h3,h4,h5,h6,li,tr,blockquote,pre,dt,dd,table,ul,ol,summary,br"


def read_markdown(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """Headings, paragraphs, list items, quotations, tables and code. The title is the front matter's, else the first
    heading. Images, HTML tags and comments, front matter and link addresses are dropped."""
    decoded = decode(data, charset)
    found = Found([], warnings=decoded.warnings)
    source = _without_front_matter(decoded.text.replace("\r\n", "\n"), found)
    for piece, known in _pieces(source):
        for part in _parts(_MARKDOWN.parse(piece, known), found):
            budget.earn(part.text)
            found.parts.append(part)
    if found.title is None:
        headings = (part.text for part in found.parts if part.kind is BlockKind.HEADING)
        found.title = next(headings, None)
    return found


def warm() -> None:
    read_markdown(b"# x\n\n<p>x</p>\n", Budget.idle())


def _without_front_matter(source: str, found: Found) -> str:
    front = _FRONT.match(source)
    if front is None:
        return source
    yaml = front["yaml"]
    if yaml is not None:
        lines = yaml.split("\n")
        if not all(_KEY.match(line) for line in lines) or not any(":" in line for line in lines):
            return source
        title = _TITLE.search(yaml)
        found.title = title["title"].strip("\"'") if title else None
    found.words_dropped += count_words(front[0])
    return source[front.end() :]


def _pieces(source: str) -> Iterator[tuple[str, dict[str, object]]]:
    """`source` in parts that are parsed alone, each with the definitions of all."""
    known: dict[str, object] = {}
    pieces = list(_cut(source))
    if len(pieces) > 1:  # what a part refers to may be defined in another
        _MARKDOWN.parse("\n\n".join(_DEFINITION.findall(source)), known)
    for piece in pieces:
        yield piece, known


def _cut(source: str) -> Iterator[str]:
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


def _parts(tokens: Sequence[Token], found: Found) -> Iterator[Part]:
    heading: int | None = None
    items = quotes = 0
    table: list[list[str]] | None = None
    for token in tokens:
        match token.type:
            case "heading_open":
                heading = int(token.tag[1:])
            case "heading_close":
                heading = None
            case "list_item_open" | "list_item_close":
                items += token.nesting
            case "blockquote_open" | "blockquote_close":
                quotes += token.nesting
            case "table_open":
                table = []
            case "table_close":
                yield Part(BlockKind.TABLE, "\n".join("\t".join(row) for row in table or ()))
                table = None
            case "tr_open":
                if table is not None:
                    table.append([])
            case "inline":
                text = _text(token, found)
                if table is not None:
                    table[-1].append(" ".join(text.split()))
                elif heading is not None:
                    yield Part(BlockKind.HEADING, text, heading)
                else:
                    yield from _prose(text, items, quotes)
            case "fence" | "code_block":
                yield Part(BlockKind.CODE, token.content)
            case "html_block":
                yield from _of_html(token.content, items, quotes, found)
            case _:
                pass


def _prose(text: str, items: int, quotes: int) -> Iterator[Part]:
    text = _DIRECTIVE.sub("", text).strip()
    if note := _NOTE.match(text):
        yield Part(BlockKind.NOTE, text[note.end() :])
        return
    text = _NOTE_MARK.sub("", text)
    if items:
        yield Part(BlockKind.LIST_ITEM, _TASK.sub("", text), items)
    elif quotes:
        yield Part(BlockKind.QUOTATION, _ALERT.sub("", text), quotes)
    elif text:
        yield Part(BlockKind.PARAGRAPH, text)


def _text(inline: Token, found: Found) -> str:
    """What is read of a paragraph: no images, no tags."""
    pieces: list[str] = []
    for child in inline.children or ():
        if child.type in {"softbreak", "hardbreak"}:
            pieces.append("\n")
        elif child.type == "image":
            found.words_dropped += count_words(child.content)
        elif child.type == "html_inline":
            pieces.append(" " if child.content.lower().startswith("<br") else "")
        else:
            pieces.append(child.content)
    return "".join(pieces)


def _of_html(source: str, items: int, quotes: int, found: Found) -> Iterator[Part]:
    """What is read of raw HTML between paragraphs."""
    tree = LexborHTMLParser(source)
    for node in tree.css("script,style,template,noscript,svg"):
        found.words_dropped += count_words(node.text())
        node.decompose()
    root = tree.body
    if root is None:
        return
    for node in root.css(_BLOCKS):
        node.insert_before("\n\n")
        node.insert_after("\n\n")
    for node in root.css("td,th"):
        node.insert_after(" ")
    for text in root.text().split("\n\n"):
        if text.strip():
            yield from _prose(text, items, quotes)
