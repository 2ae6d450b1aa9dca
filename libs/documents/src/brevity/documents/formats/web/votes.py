"""What trafilatura would keep of a page, piece by piece."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, cast

from trafilatura.core import bare_extraction
from trafilatura.settings import Document, Extractor

from brevity.documents.formats.web.pieces import Piece
from brevity.documents.formats.web.tree import Page

_WORD = re.compile(r"\w+")
_GRAM = 4
"""Words in a row that are looked for."""
MOST_CHARACTERS = 1_000_000
"""Of text: a longer page is a book or a log, whose copies would take too much time and memory."""
MOST_ELEMENTS = 30_000

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def votes(page: Page, pieces: Sequence[Piece]) -> list[float]:
    """How much of each piece's text trafilatura keeps, from 0 to 1; all of it where it cannot tell."""
    if (
        sum(len(piece.part.text) for piece in pieces) > MOST_CHARACTERS
        or sum(1 for _ in page.body.iter()) > MOST_ELEMENTS
    ):
        return [1.0] * len(pieces)
    root = cast(Any, deepcopy(page.body.getparent()))
    try:
        found = bare_extraction(root, options=Extractor(output_format="python", fast=True, comments=False))
    except (ValueError, TypeError, AttributeError, RecursionError, IndexError, KeyError):
        return [1.0] * len(pieces)
    words = _WORD.findall((found.text or "") if isinstance(found, Document) else "")
    grams = {
        size: {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}
        for size in range(1, _GRAM + 1)
    }
    return [_share(_WORD.findall(piece.part.text), grams) for piece in pieces]


def _share(words: list[str], grams: dict[int, set[tuple[str, ...]]]) -> float:
    size = min(_GRAM, len(words))
    if not size:
        return 0.0
    places = len(words) - size + 1
    return sum(tuple(words[at : at + size]) in grams[size] for at in range(places)) / places
