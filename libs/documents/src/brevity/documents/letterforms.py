"""Characters that only say how letters were drawn, as the letters they stand for: ligatures, Arabic shapes, radicals,
the slanted letters of formulas.

Unicode keeps them for old typefaces. Files that draw text hold them, people who write do not, and no word with one is
found again.
"""

from __future__ import annotations

import re
import unicodedata

_RANGES = (
    (0xFB00, 0xFDF9),
    (0xFDFC, 0xFDFC),
    (0xFE30, 0xFE4F),
    (0xFE70, 0xFEFC),
    (0x2E80, 0x2FDF),
    (0x1D400, 0x1D7FF),
)
_FORMS = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in _RANGES) + "]{1,1000}")
_RADICALS = str.maketrans(
    "⺁⺃⺋⺌⺐⺒⺓⺕⺗⺙⺛⺝⺟⺠⺩⺪⺬⺮⺯⺲⺼⻁⻄⻅⻆⻉⻋⻑⻒⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲",
    "厂乚㔾小尣巳幺彑忄攵旡月母民王疋示竹糹罒肉虎西见角贝车長镸长门青韦页风飞食马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龟亀",
)
"""Radicals that look like an ideograph, and have no decomposition (Unicode: EquivalentUnifiedIdeograph.txt)."""
_PLAIN = {
    code: unicodedata.normalize("NFKC", chr(_RADICALS.get(code, code)))
    for low, high in _RANGES
    for code in range(low, high + 1)
}
ACCENTS = {
    "\u00b4": "\u0301",
    "\u02ca": "\u0301",
    "\u0060": "\u0300",
    "\u02cb": "\u0300",
    "\u00a8": "\u0308",
    "\u005e": "\u0302",
    "\u02c6": "\u0302",
    "\u007e": "\u0303",
    "\u02dc": "\u0303",
    "\u00af": "\u0304",
    "\u02c9": "\u0304",
    "\u02d8": "\u0306",
    "\u02d9": "\u0307",
    "\u02da": "\u030a",
    "\u02dd": "\u030b",
    "\u02c7": "\u030c",
    "\u00b8": "\u0327",
    "\u02db": "\u0328",
}
"""Accents that stand alone, with the marks that combine with a letter."""
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain_letters(text: str) -> str:
    """`text` with each presentation form, ligature and radical as the letters it stands for; no other change."""
    if text.isascii():
        return text
    return _FORMS.sub(lambda run: run[0].translate(_PLAIN), text)


def accented(letter: str, accent: str) -> str | None:
    """`letter` under `accent`, a mark that stands alone such as `\u00b4`; None where no such letter is written."""
    mark = ACCENTS.get(accent)
    if mark is None or not letter[:1].isalpha():
        return None
    base = {"\u0131": "i", "\u0237": "j"}.get(letter, letter)
    joined = unicodedata.normalize("NFC", base + mark)
    return joined if len(joined) == 1 else None


def raised(digits: str) -> str:
    """Digits as they stand above the line: `12` as `¹²`."""
    return digits.translate(_RAISED)
