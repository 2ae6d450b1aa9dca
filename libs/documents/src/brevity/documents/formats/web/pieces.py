"""The pieces of text on a page in reading order, each with what it is and what its surroundings say it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from brevity.documents.formats.web.elements import Element
from brevity.documents.formats.web.marks import mark_of
from brevity.documents.formats.web.tables import is_data, rows
from brevity.documents.formats.web.tree import BLOCKS
from brevity.documents.model import BlockKind, Part
from brevity.nlp.words import count_words

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LISTS = frozenset(("ul", "ol", "dl", "menu", "dir"))
_ITEMS = frozenset(("li", "dt", "dd"))
_CJK = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Written without blanks."""
_LINE = "\ue000"
"""Stands for a line end that the page shows, beside those of the source."""
_MARK = re.compile(r"\[[^\[\]]{0,60}\]|[*†‡§¶↑]{1,3}|\(?\d{1,3}\)?")
"""A mark that refers to a note, where it stands raised and links, or stands in brackets."""
_BRACKETS = re.compile(r"\[[^\[\]]{1,60}\]")
_RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_RAISABLE = re.compile(r"[0-9+−=()n-]{1,8}")
_EDIT = re.compile(
    r"\[\s*(?:edit|edit source|bearbeiten|quelltext bearbeiten|modifier|modifier le code|editar|modifica|править|編集|编辑)(?:\s*\|[^\[\]]*)?\s*\]",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…。！？:;][\"'”’»)\]]*$")
_CAPTION = re.compile(
    r"caption|(?:^|[\s_-])(?:photo|image|img|picture|foto)(?:[-_](?:text|desc|description|credit|title))?(?:$|\s)",
    re.IGNORECASE,
)
_LONG_LINE = 60
_SYMBOLS = re.compile(r"[{}\[\];=<>|_#$\\@~^*+]")


@dataclass(slots=True)
class Piece:
    """One block of a page.

    Attributes:
        part: Its kind and text.
        element: The block-level element whose own text it is.
        words: In its text; `linked` of them within links.
        marks: What kinds of furniture elements around it say it is, each with the element.
    """

    part: Part
    element: Element
    words: int
    linked: int
    marks: tuple[tuple[str, Element], ...]


@dataclass(frozen=True, slots=True)
class _Place:
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int | None = None
    marks: tuple[tuple[str, Element], ...] = ()
    lists: int = 0
    quotes: int = 0
    linked: bool = False


def pieces_of(body: Element) -> list[Piece]:
    """Every text of the page, in order."""
    walk = _Walk()
    walk.block(body, _Place())
    return walk.pieces


class _Walk:
    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._texts: list[str] = []
        self._links: list[str] = []

    def block(self, element: Element, place: _Place) -> None:
        """Adds the pieces within a block-level element, whose tree is no deeper than Python calls go."""
        tag = element.tag
        if tag == "table" and is_data(element):
            self._table(element, place)
            return
        if tag == "pre":
            self._preformatted(element, place)
            return
        self._inline(element, place)
        self._flush(element, place)

    def _inline(self, element: Element, place: _Place) -> None:
        self._text(element.text, place)
        previous: Element | None = None
        for child in element:
            tag = child.tag
            if tag == "br":
                self._texts.append(_LINE)
            elif tag == "hr":
                self._flush(element, place)
            elif tag in BLOCKS:
                self._flush(element, place)
                self.block(child, _within(child, place))
            elif tag in ("sup", "sub"):
                self._raised(child, place)
            elif tag in ("ruby", "rb", "math", "wbr", "q"):
                if tag == "q":
                    self._texts.append("“")
                self._inline(child, place)
                if tag == "q":
                    self._texts.append("”")
            else:
                if previous is not None and not (previous.tail or "") and _are_apart(previous, child):
                    self._texts.append(" ")
                self._inline(
                    child,
                    replace(place, linked=True)
                    if tag == "a" and child.get("href") and not place.linked
                    else place,
                )
            self._text(child.tail, place)
            previous = child

    def _text(self, text: str | None, place: _Place) -> None:
        if text:
            self._texts.append(text)
            if place.linked:
                self._links.append(text)

    def _raised(self, element: Element, place: _Place) -> None:
        """Text above or below the line: marks of notes are left out, numbers stay above or below."""
        text = " ".join("".join(element.itertext()).split())
        if _BRACKETS.fullmatch(text) or (
            element.tag == "sup"
            and _MARK.fullmatch(text)
            and (next(element.iter("a"), None) is not None or _is_in_link(element))
        ):
            return
        if _RAISABLE.fullmatch(text):
            text = text.translate(_RAISED if element.tag == "sup" else _LOWERED)
        self._text(text, place)

    def _flush(self, element: Element, place: _Place) -> None:
        if not self._texts:
            return
        text = "".join(self._texts)
        linked = count_words(" ".join(self._links)) if self._links else 0
        self._texts.clear()
        self._links.clear()
        if not text.strip():
            return
        for paragraph in _paragraphs(_EDIT.sub("", text) if "[" in text else text):
            words = count_words(paragraph)
            self._add(Part(place.kind, paragraph, place.level), element, words, min(linked, words), place)
            linked -= min(linked, words)

    def _add(self, part: Part, element: Element, words: int, linked: int, place: _Place) -> None:
        self.pieces.append(Piece(part, element, words, linked, place.marks))

    def _table(self, table: Element, place: _Place) -> None:
        for caption in table.findall("caption"):
            self._inline(caption, replace(place, kind=BlockKind.CAPTION))
            self._flush(caption, replace(place, kind=BlockKind.CAPTION))
        text = "\n".join("\t".join(row) for row in rows(table))
        if text.strip():
            links = " ".join(" ".join(link.itertext()) for link in table.iter("a"))
            part = Part(BlockKind.TABLE, text)
            self._add(part, table, count_words(text), count_words(links), place)

    def _preformatted(self, element: Element, place: _Place) -> None:
        for line in element.iter("br"):
            line.tail = "\n" + (line.tail or "")
        text = "".join(element.itertext())
        if not text.strip():
            return
        words = count_words(text)
        if (
            words > 60
            and len(_SYMBOLS.findall(text)) * 30 < len(text)
            and next(element.iter("code"), None) is None
        ):
            for paragraph in re.split(r"\n[^\S\n]*\n\s*", text):
                self._add(Part(BlockKind.PARAGRAPH, paragraph), element, count_words(paragraph), 0, place)
        else:
            self._add(Part(BlockKind.CODE, text), element, words, 0, place)


def _within(element: Element, place: _Place) -> _Place:
    """What texts are that stand in `element`."""
    tag, kind, level, lists, quotes = element.tag, place.kind, place.level, place.lists, place.quotes
    if tag in _HEADINGS:
        kind, level = BlockKind.HEADING, _HEADINGS[tag]
    elif element.get("role") == "heading":
        kind, level = (
            BlockKind.HEADING,
            int(given) if (given := element.get("aria-level") or "2").isdecimal() else 2,
        )
    elif tag in _LISTS:
        lists += 1
    elif tag in _ITEMS:
        kind, level = (
            (BlockKind.PARAGRAPH, None) if _is_frame(element) else (BlockKind.LIST_ITEM, max(1, lists))
        )
    elif tag == "blockquote":
        quotes += 1
        kind, level = BlockKind.QUOTATION, quotes
    elif tag in ("figcaption", "caption") or _is_caption(element):
        kind, level = BlockKind.CAPTION, None
    elif tag in ("section", "article", "main", "table", "figure") and kind is BlockKind.LIST_ITEM:
        kind, level = BlockKind.PARAGRAPH, None
    mark = mark_of(element)
    marks = (*place.marks, (mark, element)) if mark else place.marks
    return _Place(kind, level, marks, lists, quotes, place.linked)


def _is_frame(item: Element) -> bool:
    """Whether a list item holds whole sections, as lists of articles and steps of a guide do."""
    paragraphs = 0
    for element in item.iter("p", "h1", "h2", "h3", "h4", "article", "section", "table"):
        if element.tag != "p":
            return True
        paragraphs += 1
    return paragraphs > 1


def _is_caption(element: Element) -> bool:
    return _CAPTION.search(element.get("class") or "") is not None and element.tag not in (
        "body",
        "main",
        "article",
        "section",
    )


def _are_apart(before: Element, after: Element) -> bool:
    """Whether two inline elements side by side show two words."""
    if before.tag == after.tag == "a" or "label" in (before.tag, after.tag):
        return True
    left, right = "".join(before.itertext())[-2:], "".join(after.itertext())[:1]
    return (
        len(left) == 2
        and left[-1].isalnum()
        and (
            (left[-1].islower() and (right.isupper() or right.isdigit()))
            or (left[-1].isdigit() and right.isalpha() and right.isupper())
        )
    )


def _is_in_link(element: Element) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag == "a"


def _paragraphs(text: str) -> Iterator[str]:
    """`text` as its reader sees it: the source's line ends are blanks, two shown line ends begin a paragraph."""
    lines: list[str] = []
    for shown in text.split(_LINE):
        line = _joined(shown)
        if line:
            lines.append(line)
        if lines and (
            not line or (len(line) > _LONG_LINE and _SENTENCE_END.search(line, len(line) - _LONG_LINE))
        ):
            yield " ".join(lines)
            lines.clear()
    if lines:
        yield " ".join(lines)


def _joined(source: str) -> str:
    """Lines of the source as one, without blanks between characters that are written without."""
    if "\n" not in source:
        return " ".join(source.split())
    whole: list[str] = []
    for line in source.split("\n"):
        line = " ".join(line.split())
        if line:
            if whole and not (_CJK.match(line) and _CJK.match(whole[-1][-1])):
                whole.append(" ")
            whole.append(line)
    return "".join(whole)
