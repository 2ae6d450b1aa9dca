"""What comes from outside, on a terminal: text and never markup, and nothing that moves the cursor or turns lines around.

Names, messages and summaries are anybody's words. `Terminal` is rich's console for them; `plain` is for what is printed
without it.
"""

from __future__ import annotations

import sys
import unicodedata
from typing import IO

from rich.console import Console, HighlighterType, JustifyMethod, OverflowMethod
from rich.style import Style
from rich.text import Text

_KEPT = "\n\t"
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order in which others are shown."""


def plain(text: str) -> str:
    """`text` with control characters, escapes, halves of characters and changes of direction replaced by `�`."""
    return "".join("\ufffd" if _harmful(character) else character for character in text)


def shown(text: str) -> str:
    """`text` as it is where a program reads it, `plain` where a person sees it on a terminal."""
    return plain(text) if sys.stdout.isatty() else text


def _harmful(character: str) -> bool:
    if character in _KEPT:
        return False
    return character in _TURNING or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


class Terminal(Console):
    """A console that shows every string as it is: no markup, no emoji codes, no control characters.

    Styled parts of our own are written as `rich.text.Text`, or with `style=`.
    """

    def __init__(
        self, *, stderr: bool = False, file: IO[str] | None = None, width: int | None = None
    ) -> None:
        super().__init__(stderr=stderr, file=file, width=width, markup=False, emoji=False)

    def render_str(
        self,
        text: str,
        *,
        style: str | Style = "",
        justify: JustifyMethod | None = None,
        overflow: OverflowMethod | None = None,
        emoji: bool | None = None,
        markup: bool | None = None,
        highlight: bool | None = None,
        highlighter: HighlighterType | None = None,
    ) -> Text:
        return super().render_str(
            plain(text),
            style=style,
            justify=justify,
            overflow=overflow,
            emoji=False,
            markup=False,
            highlight=highlight,
            highlighter=highlighter,
        )
