"""Paragraph styles and numbering of a DOCX file: what a paragraph is, and the number before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from brevity.documents.formats.packages import attribute, child, local

_HEADING = re.compile(r"heading (\d)")
_DEEPEST = 20
_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style with what it takes from those that it is based on."""

    name: str = ""
    outline: int | None = None
    numbering: str | None = None
    level: int | None = None
    hidden: bool = False
    bold: bool = False


@dataclass(slots=True)
class _Level:
    form: str
    text: str
    start: int


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict[int, int])


def load_styles(root: Any) -> dict[str, Style]:
    """Styles by their ids."""
    raw: dict[str, Any] = {}
    for element in () if root is None else root:
        if local(element) == "style":
            raw[attribute(element, "styleId") or ""] = element
    styles: dict[str, Style] = {}
    for style_id in raw:
        _resolve(style_id, raw, styles, 0)
    return styles


def _resolve(style_id: str, raw: dict[str, Any], styles: dict[str, Style], depth: int) -> Style:
    if style_id in styles:
        return styles[style_id]
    element = raw.get(style_id)
    if element is None or depth > _DEEPEST:
        return Style()
    based = child(element, "basedOn")
    parent = _resolve(value(based) or "", raw, styles, depth + 1) if based is not None else Style()
    paragraph, run = child(element, "pPr"), child(element, "rPr")
    number, level = numbering_of(paragraph)
    outline = outline_of(paragraph)
    styles[style_id] = Style(
        (value(child(element, "name")) or style_id).lower(),
        parent.outline if outline is None else outline,
        number or parent.numbering,
        parent.level if level is None else level,
        is_on(run, "vanish", parent.hidden),
        is_on(run, "b", parent.bold),
    )
    return styles[style_id]


def value(element: Any) -> str | None:
    """An element's `val`."""
    return None if element is None else attribute(element, "val")


def is_on(properties: Any, name: str, otherwise: bool = False) -> bool:
    """Whether a property is switched on."""
    element = None if properties is None else child(properties, name)
    return otherwise if element is None else value(element) not in {"0", "false", "off", "none"}


def number_of(text: str | None) -> int | None:
    return int(text) if text and text.lstrip("-").isdecimal() and len(text) < 10 else None


def outline_of(properties: Any) -> int | None:
    """The outline level, 0 to 8; None for body text."""
    return None if properties is None else number_of(value(child(properties, "outlineLvl")))


def numbering_of(properties: Any) -> tuple[str | None, int | None]:
    """The id of the list that a paragraph belongs to, and its level in it."""
    element = None if properties is None else child(properties, "numPr")
    if element is None:
        return None, None
    return value(child(element, "numId")), number_of(value(child(element, "ilvl")))


def heading_level(style: Style, outline: int | None) -> int | None:
    """1 to 6; None for what is no heading."""
    if style.name in {"title", "subtitle"}:
        return 1 if style.name == "title" else 2
    found = _HEADING.match(style.name)
    level = outline if outline is not None else style.outline
    if level is None and found:
        level = int(found[1]) - 1
    return min(level + 1, 6) if level is not None and 0 <= level < 9 else None


class Numbering:
    """The numbers of numbered paragraphs, counted as they come."""

    def __init__(self, root: Any) -> None:
        abstract: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, _List] = {}
        for element in () if root is None else root:
            if local(element) == "abstractNum":
                abstract[attribute(element, "abstractNumId") or ""] = _levels(element)
        shared: dict[str, _List] = {}
        for element in () if root is None else root:
            if local(element) != "num":
                continue
            of = value(child(element, "abstractNumId")) or ""
            overrides = [each for each in element if local(each) == "lvlOverride"]
            if overrides:
                levels = dict(abstract.get(of, {}))
                for each in overrides:
                    _override(levels, each)
                known = _List(levels)
            else:
                known = shared.setdefault(of, _List(abstract.get(of, {})))
            self._lists[attribute(element, "numId") or ""] = known

    def next(self, list_id: str, level: int) -> str:
        """The number of the next paragraph of a list at a level, as it is printed.

        Empty for bullets, and for a list that is not numbered within its numbers (1.1, 1.2): there it says nothing.
        """
        known = self._lists.get(list_id)
        shape = known.levels.get(level) if known else None
        if known is None or shape is None:
            return ""
        known.counts[level] = known.counts.get(level, shape.start - 1) + 1
        for deeper in [each for each in known.counts if each > level]:
            del known.counts[deeper]
        if shape.form in {"bullet", "none"} or not _is_legal(known.levels):
            return ""
        text = shape.text
        for at in range(level + 1):
            each = known.levels.get(at)
            count = known.counts.get(at, each.start if each else 1)
            text = text.replace(f"%{at + 1}", _written(count, each.form if each else "decimal"))
        return text.strip()


def _is_legal(levels: dict[int, _Level]) -> bool:
    return any(level.text.count("%") > 1 for level in levels.values())


def _levels(element: Any) -> dict[int, _Level]:
    found: dict[int, _Level] = {}
    for each in element:
        if local(each) == "lvl":
            level = number_of(attribute(each, "ilvl"))
            if level is not None:
                found[level] = _level(each)
    return found


def _level(element: Any) -> _Level:
    start = number_of(value(child(element, "start")))
    return _Level(
        value(child(element, "numFmt")) or "decimal",
        value(child(element, "lvlText")) or "",
        1 if start is None else start,
    )


def _override(levels: dict[int, _Level], element: Any) -> None:
    at = number_of(attribute(element, "ilvl"))
    if at is None:
        return
    whole = child(element, "lvl")
    start = number_of(value(child(element, "startOverride")))
    if whole is not None:
        levels[at] = _level(whole)
    if start is not None and at in levels:
        levels[at] = _Level(levels[at].form, levels[at].text, start)


def _written(count: int, form: str) -> str:
    if form in {"lowerLetter", "upperLetter"} and count > 0:
        letter = chr(ord("a") + (count - 1) % 26) * min(5, (count - 1) // 26 + 1)
        return letter.upper() if form == "upperLetter" else letter
    if form in {"lowerRoman", "upperRoman"} and 0 < count < 4000:
        roman = ""
        for worth, sign in _ROMAN:
            roman += sign * (count // worth)
            count %= worth
        return roman.upper() if form == "upperRoman" else roman
    return f"{count:02}" if form == "decimalZero" else str(count)
