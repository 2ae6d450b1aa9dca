"""The text within a paragraph: runs, insertions, links, fields; and what hangs on it: notes, text boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brevity.documents.formats.docx.styles import is_on, value
from brevity.documents.formats.packages import attribute, child, local
from brevity.documents.letterforms import raised

_THROUGH = frozenset(
    [
        "ins",
        "moveTo",
        "hyperlink",
        "smartTag",
        "sdtContent",
        "customXml",
        "fldSimple",
        "bdo",
        "dir",
        "ruby",
        "rubyBase",
        "oMathPara",
        "oMath",
        "r",
    ]
)
"""Whose content is the paragraph's; inside of formulas, everything is."""
_DROPPED = frozenset(
    [
        "del",
        "moveFrom",
        "rt",
        "pPr",
        "rPr",
        "sdtPr",
        "sdtEndPr",
        "tcPr",
        "delText",
        "instrText",
        "delInstrText",
        "commentReference",
    ]
)
_DEEPEST = 100
_SYMBOL_FONTS = ("symbol", "wingdings", "webdings")


@dataclass(slots=True)
class Line:
    """What was found in a paragraph."""

    pieces: list[str] = field(default_factory=list[str])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Kind of note and its id, in order."""
    boxes: list[Any] = field(default_factory=list[Any])
    """Text boxes anchored here."""
    bold: int = 0
    characters: int = 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Runs:
    """Reads paragraphs one after the other; a field may begin in one and end in another."""

    def __init__(self) -> None:
        self._fields: list[bool] = []
        """For each open field, whether its result has begun: what comes before are its instructions."""

    def read(self, paragraph: Any) -> Line:
        line = Line()
        self._walk(paragraph, line, 0, bold=False)
        return line

    def _walk(self, element: Any, line: Line, depth: int, *, bold: bool) -> None:
        if depth > _DEEPEST:
            return
        for each in element:
            name = local(each)
            if name == "r":
                self._run(each, line, depth)
            elif name in _DROPPED:
                continue
            elif name == "sdt":
                if not is_on(child(each, "sdtPr"), "showingPlcHdr"):
                    self._walk(each, line, depth + 1, bold=bold)
            elif name == "AlternateContent":
                self._alternate(each, line, depth, bold=bold)
            elif name == "t":
                self._add(line, each.text or "", bold=bold)
            elif name == "tab" or name == "ptab":
                self._add(line, "\t", bold=bold)
            elif name in {"br", "cr"}:
                self._add(line, "\n", bold=bold)
            elif name == "noBreakHyphen":
                self._add(line, "\u2011", bold=bold)
            elif name == "sym":
                self._add(line, _symbol(each), bold=bold)
            elif name == "fldChar":
                self._field(attribute(each, "fldCharType"))
            elif name in {"footnoteReference", "endnoteReference"}:
                line.notes.append((name.removesuffix("Reference"), attribute(each, "id") or ""))
            elif name in {"drawing", "pict", "object"}:
                line.boxes += _boxes(each)
            elif (
                name in _THROUGH
                or name in {"e", "num", "den", "sup", "sub", "fName", "deg"}
                or _is_formula(each)
            ):
                self._walk(each, line, depth + 1, bold=bold)

    def _run(self, run: Any, line: Line, depth: int) -> None:
        properties = child(run, "rPr")
        if is_on(properties, "vanish") or is_on(properties, "webHidden"):
            return
        start = len(line.pieces)
        self._walk(run, line, depth + 1, bold=is_on(properties, "b"))
        if properties is not None and value(child(properties, "vertAlign")) == "superscript":
            line.pieces[start:] = [
                raised(piece) if piece.isdecimal() else piece for piece in line.pieces[start:]
            ]

    def _alternate(self, element: Any, line: Line, depth: int, *, bold: bool) -> None:
        """One of the alternatives: the first that says anything."""
        for each in element:
            before = len(line.pieces), len(line.boxes)
            self._walk(each, line, depth + 1, bold=bold)
            if (len(line.pieces), len(line.boxes)) != before:
                return

    def _add(self, line: Line, text: str, *, bold: bool) -> None:
        if not all(self._fields):
            return
        line.pieces.append(text)
        line.characters += len(text)
        line.bold += bold * len(text)

    def _field(self, kind: str | None) -> None:
        if kind == "begin" and len(self._fields) < _DEEPEST:
            self._fields.append(False)
        elif kind == "separate" and self._fields:
            self._fields[-1] = True
        elif kind == "end" and self._fields:
            self._fields.pop()


def _is_formula(element: Any) -> bool:
    return "/math" in element.tag if isinstance(element.tag, str) else False


def _boxes(drawing: Any) -> list[Any]:
    """The contents of text boxes; those within others are found when these are read."""
    found: list[Any] = []
    for each in drawing.iter("{*}txbxContent"):
        parent = each.getparent()
        while parent is not None and parent is not drawing and local(parent) != "txbxContent":
            parent = parent.getparent()
        if parent is drawing:
            found.append(each)
    return found


def _symbol(element: Any) -> str:
    """A sign by its code in a font; signs of symbol fonts stand for no letter."""
    font = (attribute(element, "font") or "").lower()
    code = attribute(element, "char") or ""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if any(name in font for name in _SYMBOL_FONTS) or 0xF000 <= number <= 0xF0FF or not 31 < number < 0xD800:
        return ""
    return chr(number)
