"""From glyphs to segments: stretches of one line without a wide gap, their text in the order in which it is read."""

from __future__ import annotations

import itertools
import re
import statistics
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from brevity.documents.formats.pdf.direction import RIGHT_TO_LEFT, logical
from brevity.documents.formats.pdf.glyphs import DRAWN, MADE_UP, Glyph
from brevity.documents.letterforms import ACCENTS, accented, plain_letters, raised

WIDE_GAP = 0.8
"""In ems. A wider gap may stand between columns, a narrower one stands between words."""
_BLANK = 0.16
_TIGHT = 0.05
_BLANK_MADE_UP = 0.09
_BLANK_BESIDE_DRAWN = 0.25
_BLANK_RIGHT_TO_LEFT = 0.2
_SAME_LINE = 0.45
_UNSPACED = re.compile("[\u2e80-\u9fff\uf900-\ufaff\u3000-\u30ff\uff00-\uffef]")
_SPARSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")


@dataclass(slots=True)
class Segment:
    """A stretch of a line: its place in points, its text, and how most of it is drawn."""

    left: float
    right: float
    base: float
    size: float
    text: str
    bold: bool = False
    italic: bool = False
    monospaced: bool = False
    artifact: bool = False
    rtl: bool = False
    page: int = 0

    @property
    def top(self) -> float:
        return self.base + 0.75 * self.size

    @property
    def bottom(self) -> float:
        return self.base - 0.25 * self.size


def segments(glyphs: Iterable[Glyph], page: int = 0) -> list[Segment]:
    """Segments in the order in which they are drawn."""
    found = [_segment(run, page) for run in _neighbours(_runs(glyphs))]
    return [segment for segment in found if segment.text]


def _runs(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Glyphs that are drawn one after the other and stand side by side."""
    runs: list[list[Glyph]] = []
    main = None
    run: list[Glyph] = []
    for glyph in glyphs:
        if main is not None:
            style = glyph.style
            if style is main.style and glyph.base == main.base:
                gap = glyph.left - run[-1].right
                if -0.5 * style.size < gap < WIDE_GAP * style.size:  # as nearly always
                    run.append(glyph)
                    continue
            if _goes_on(main, run[-1], glyph):
                run.append(glyph)
                if style.size > main.style.size * 1.05:
                    main = glyph
                continue
        run, main = [glyph], glyph
        runs.append(run)
    return runs


def _neighbours(runs: list[list[Glyph]]) -> list[list[Glyph]]:
    """Runs joined that stand side by side though they were not drawn one after the other."""
    kept: list[list[Glyph]] = []
    lines: dict[int, list[tuple[float, float, list[Glyph]]]] = {}
    for run in runs:
        left = min(glyph.left for glyph in run)
        right = max(glyph.right for glyph in run)
        lines.setdefault(round(run[0].base), []).append((left, right, run))
    for line in lines.values():
        line.sort(key=lambda each: each[0])
        end = None
        for left, right, run in line:
            size = run[0].style.size
            if end is not None and -0.3 * size < left - end < WIDE_GAP * size and _alike(kept[-1], run):
                kept[-1].extend(run)
                end = max(end, right)
            else:
                kept.append(run)
                end = right
    return kept


def _alike(run: list[Glyph], other: list[Glyph]) -> bool:
    return 0.55 < run[0].style.size / max(0.1, other[0].style.size) < 1.8


def _goes_on(main: Glyph, before: Glyph, glyph: Glyph) -> bool:
    size = max(main.style.size, glyph.style.size)
    small = min(main.style.size, glyph.style.size)
    if abs(glyph.base - main.base) > _SAME_LINE * size or small < 0.45 * size:
        return False
    if abs(glyph.base - main.base) > 0.1 * size and small > 0.85 * size:
        return False  # a line of its own, close to the one before
    gap = max(glyph.left - before.right, before.left - glyph.right)
    if gap > WIDE_GAP * max(before.style.size, glyph.style.size):
        return False
    return glyph.left > before.left - 3 * size or bool(RIGHT_TO_LEFT.search(before.text + glyph.text))


def _segment(run: list[Glyph], page: int) -> Segment:
    weights: dict[float, int] = {}
    for glyph in run:
        weights[glyph.style.size] = weights.get(glyph.style.size, 0) + 1
    size = max(weights, key=lambda each: (weights[each], each))
    base = statistics.median(glyph.base for glyph in run if glyph.style.size == size)
    rtl = RIGHT_TO_LEFT.search("".join([glyph.text for glyph in run])) is not None
    ordered = _in_visual_order(run, size, rtl)
    if rtl:  # PDFium puts the blanks of such lines where they do not stand
        for glyph in ordered:
            glyph.space_before = 0
    pieces = _with_blanks(_with_accents(ordered, size), size, base)
    text = logical(pieces) if rtl else "".join(pieces)
    most = len(run) / 2
    return Segment(
        min(glyph.left for glyph in run),
        max(glyph.right for glyph in run),
        base,
        size,
        plain_letters(_whole(text)).strip(),
        bold=sum(glyph.style.bold for glyph in run) > most,
        italic=sum(glyph.style.italic for glyph in run) > most,
        monospaced=_is_monospaced(run),
        artifact=all(glyph.artifact for glyph in run),
        rtl=rtl,
        page=page,
    )


def _whole(text: str) -> str:
    """Characters of which PDFium gives the halves, put together."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _is_monospaced(run: list[Glyph]) -> bool:
    """Whether the fonts say that all letters are of one width, and they are."""
    if not run[0].style.monospaced or not run[-1].style.monospaced:
        return False
    widths = sorted((glyph.right - glyph.left) / glyph.style.size for glyph in run if glyph.style.size)
    return bool(widths) and widths[-1 - len(widths) // 10] - widths[len(widths) // 10] < 0.08


def _in_visual_order(run: list[Glyph], size: float, rtl: bool) -> list[Glyph]:
    backwards = any(b.left < a.left - 0.5 * size for a, b in itertools.pairwise(run))
    ordered = sorted(run, key=lambda glyph: glyph.left) if rtl or backwards else run
    if rtl:
        ordered = _marks_on_letters(ordered)
    kept: list[Glyph] = []
    for glyph in ordered:  # letters drawn twice to look bold
        twice = kept and glyph.text == kept[-1].text and abs(glyph.left - kept[-1].left) < 0.15 * size
        if not twice or glyph.right - glyph.left < 0.15 * size:
            kept.append(glyph)
    return kept


def _marks_on_letters(ordered: list[Glyph]) -> list[Glyph]:
    """Vowel signs after the letter over which they are drawn, as one glyph."""
    letters = [glyph for glyph in ordered if not unicodedata.combining(glyph.text[0])]
    if len(letters) == len(ordered) or not letters:
        return ordered
    at = 0
    for mark in ordered:
        if not unicodedata.combining(mark.text[0]):
            continue
        middle = (mark.left + mark.right) / 2
        while at + 1 < len(letters) and letters[at].right < middle:
            at += 1
        letters[at].text += mark.text
    return letters


def _with_accents(ordered: list[Glyph], size: float) -> list[Glyph]:
    """Accents that are drawn by themselves over a letter, as that letter (old TeX fonts)."""
    if not any(glyph.text in ACCENTS for glyph in ordered):
        return ordered
    kept: list[Glyph] = []
    for glyph in ordered:
        before = kept[-1] if kept else None
        if before is not None and len(glyph.text) == len(before.text) == 1:
            overlap = min(before.right, glyph.right) - max(before.left, glyph.left)
            if overlap > 0.5 * min(before.right - before.left, glyph.right - glyph.left) > 0.02 * size:
                joined = accented(glyph.text, before.text) or accented(before.text, glyph.text)
                if joined:
                    before.text = joined
                    before.left, before.right = min(before.left, glyph.left), max(before.right, glyph.right)
                    continue
        kept.append(glyph)
    return kept


def _with_blanks(ordered: list[Glyph], size: float, base: float) -> list[str]:
    """The glyphs' texts, with blanks between words."""
    gaps = [(b.left - a.right) / size for a, b in itertools.pairwise(ordered)]
    drawn = sum(glyph.space_before == DRAWN for glyph in ordered[1:])
    least = _BLANK_BESIDE_DRAWN if drawn * 15 > len(gaps) else _BLANK
    if RIGHT_TO_LEFT.search(ordered[0].text + ordered[-1].text):
        least = _BLANK_RIGHT_TO_LEFT
    spaced_out = len(gaps) > 4 and drawn > 0.7 * len(gaps)
    if len(gaps) > 4:
        usual = statistics.median(gaps)
        if usual > 0.1:  # letters set apart
            least = usual * 1.6 if spaced_out else usual + _BLANK
    texts: list[str] = []
    for number, glyph in enumerate(ordered):
        if (
            number
            and (glyph.space_before or gaps[number - 1] > _TIGHT)
            and _is_blank(ordered[number - 1], glyph, gaps[number - 1], least, drawn=not spaced_out)
        ):
            texts.append(" ")
        text = glyph.text
        if glyph.style.size < 0.85 * size and glyph.base > base + 0.15 * size and text.isdecimal():
            text = raised(text)
        texts.append(text)
    return texts


def _is_blank(before: Glyph, glyph: Glyph, gap: float, least: float, *, drawn: bool) -> bool:
    if glyph.space_before == DRAWN and drawn and gap > -0.5:
        return True
    a, b = before.text[-1], glyph.text[0]
    if _UNSPACED.match(a) and _UNSPACED.match(b):
        return False
    if _SPARSE.match(a) and _SPARSE.match(b):
        return gap > 0.25
    return gap > least or (glyph.space_before == MADE_UP and drawn and gap > _BLANK_MADE_UP)
