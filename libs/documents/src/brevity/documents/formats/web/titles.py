"""What a page is called, without the name of its site."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from brevity.documents.formats.web.pieces import Piece
from brevity.documents.formats.web.tree import Page
from brevity.documents.model import BlockKind

_PARTS = re.compile(r"\s+[|–—·•»«:]+\s+|\s+-{1,2}\s+|\s*\|\s*|\s+::\s+")
_LONGEST_SITE = 4
"""Words in the name of a site."""


def title_of(page: Page, pieces: Sequence[Piece]) -> str | None:
    """The headline where the page's other titles confirm it, else what these say."""
    given = [
        text
        for text in (page.meta.get("og:title"), page.meta.get("twitter:title"), page.title)
        if text and text.strip()
    ]
    headlines = [
        piece.part.text for piece in pieces if piece.part.kind is BlockKind.HEADING and piece.part.level == 1
    ]
    known = [_folded(text) for text in given]
    for headline in headlines:
        folded = _folded(headline)
        if folded and any(folded in title for title in known):
            return headline
    if given:
        return _without_site(" ".join(given[0].split()), page)
    if headlines:
        return headlines[0]
    return _first(piece.part.text for piece in pieces if piece.part.kind is BlockKind.HEADING)


def _first(texts: Iterable[str]) -> str | None:
    return next(iter(texts), None)


def _without_site(title: str, page: Page) -> str:
    site = _folded(page.meta.get("og:site_name", ""))
    cuts = list(_PARTS.finditer(title))
    if not cuts:
        return title
    first, last = title[: cuts[0].start()], title[cuts[-1].end() :]
    if site and _folded(last) == site:
        return title[: cuts[-1].start()]
    if site and _folded(first) == site:
        return title[cuts[0].end() :]
    head = title[: cuts[-1].start()]
    if ":" in cuts[-1][0] or any(character.isdigit() for character in last):
        return title
    return head if len(last.split()) <= _LONGEST_SITE and len(head.split()) > len(last.split()) else title


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
