"""Which fonts set which text, and which characters none of them has.

The fonts are Noto Sans for some twenty scripts, Noto Sans CJK, Tajawal and Cairo, from packages that hold nothing but font
files under the SIL Open Font License. Fonts of the machine are never used, so pages look the same everywhere.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import lru_cache
from pathlib import Path

import fontpkg_cairo
import fontpkg_tajawal
import manimgx_fonts
import manimgx_fonts_cjk
import typst
from fontTools.ttLib import TTCollection, TTFont

from brevity.feedback.export.languages import parse
from brevity.feedback.export.text import is_rtl

REPLACEMENT = "\ufffd"
_PACKAGES = (manimgx_fonts, manimgx_fonts_cjk, fontpkg_tajawal, fontpkg_cairo)
# Arabic by order of choice; a text is set as a whole in the first that has all its letters, as joins need one font.
# Noto Sans Arabic draws a letter and its dots as glyphs of their own, which text extraction returns in pieces. The
# other two draw whole letters, and Tajawal keeps them from standing under one another, which mixes their order.
_ARABIC = {"Tajawal": fontpkg_tajawal, "Cairo": fontpkg_cairo}
_ARABIC_WIDE = "Noto Sans Arabic"
SCALES = {"Tajawal": 1.14}
"""Factors for families whose letters are small for their size."""

_LATIN = "Noto Sans"
_REST = (
    "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Gurmukhi", "Noto Sans Gujarati",
    "Noto Sans Oriya", "Noto Sans Tamil", "Noto Sans Telugu", "Noto Sans Kannada", "Noto Sans Malayalam",
    "Noto Sans Sinhala", "Noto Sans Thai", "Noto Sans Lao", "Noto Sans Khmer", "Noto Sans Myanmar",
    "Noto Sans Georgian", "Noto Sans Armenian", "Noto Sans Ethiopic", "Noto Sans Symbols", "Noto Emoji",
)  # fmt: skip


def _folder(package: object) -> Path:
    return Path(str(package.__file__)).parent  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def typeset_fonts() -> typst.Fonts:
    """The font book of the typesetter, read once."""
    folders = [str(_folder(package)) for package in _PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


@lru_cache(maxsize=1)
def _coverage() -> tuple[frozenset[int], dict[str, frozenset[int]]]:
    """Code points of all fonts together, and of each choice for Arabic."""
    by_package = {package: _points(package) for package in _PACKAGES}
    arabic = {family: by_package[package] for family, package in _ARABIC.items()}
    return frozenset().union(*by_package.values()), arabic


def _points(package: object) -> frozenset[int]:
    points: set[int] = set()
    for path in sorted(_folder(package).rglob("*.[ot]t[fc]")):
        font = TTCollection(path, lazy=True).fonts[0] if path.suffix == ".ttc" else TTFont(path, lazy=True)
        points |= set(font.getBestCmap() or ())
    return frozenset(points)


def printable(text: str, missing: Counter[str]) -> str:
    """`text` with U+FFFD for characters that no font has; counts those in `missing` by script."""
    covered, _ = _coverage()
    shown: list[str] = []
    for char in text:
        if "\ufe00" <= char <= "\ufe0f":  # variation selectors: a wish for a form, not a character of its own
            continue
        if ord(char) in covered or unicodedata.category(char) in ("Cf", "Zs"):
            shown.append(char)
        else:
            missing[_script(char)] += 1
            shown.append(REPLACEMENT)
    return "".join(shown)


def _script(char: str) -> str:
    return unicodedata.name(char, "unnamed").split()[0].split("-")[0].capitalize()


def families(text: str, language: str) -> tuple[str, ...]:
    """Font families for a text in order of choice. Han characters look different by language, so that decides."""
    cjk = _cjk(text, language)
    _, choices = _coverage()
    arabic_letters = {ord(c) for c in text if unicodedata.bidirectional(c) == "AL"}
    complete = [family for family, points in choices.items() if arabic_letters <= points]
    arabic = (*complete[:1], _ARABIC_WIDE)
    if parse(language).primary in ("zh", "ja", "ko"):
        return (cjk, _LATIN, *arabic, *_REST)
    if arabic_letters and is_rtl(text):
        return (*arabic, _LATIN, *_REST, cjk)
    return (_LATIN, *arabic, *_REST, cjk)


def _cjk(text: str, language: str) -> str:
    tag = parse(language)
    if tag.traditional_chinese:
        return "Noto Sans CJK HK" if tag.region in ("HK", "MO") else "Noto Sans CJK TC"
    if tag.primary == "ja" or (tag.primary != "zh" and any("\u3041" <= c <= "\u30ff" for c in text)):
        return "Noto Sans CJK JP"
    if tag.primary == "ko" or (tag.primary != "zh" and any("\uac00" <= c <= "\ud7af" for c in text)):
        return "Noto Sans CJK KR"
    return "Noto Sans CJK SC"
