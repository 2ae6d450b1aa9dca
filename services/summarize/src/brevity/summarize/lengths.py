"""How many words a summary may have."""

from __future__ import annotations

from typing import NamedTuple

from brevity.common.contracts.vocabulary import Length
from brevity.common.events.documents import SummaryRequest

HEADLINE_WORDS = 15


class _Rule(NamedTuple):
    """A share of the source's words, kept between a floor and a ceiling."""

    share: float
    floor: int
    ceiling: int


LENGTHS: dict[Length, _Rule] = {
    "short": _Rule(0.05, 30, 80),
    "medium": _Rule(0.10, 60, 200),
    "long": _Rule(0.20, 120, 500),
}


def resolve_words(request: SummaryRequest, source_words: int) -> int:
    """The words wanted, at most, for a document of `source_words` words.

    `words` is taken as it is. Otherwise `length` (absent: medium) asks for a share of the document: short 5 %
    (30 to 80 words), medium 10 % (60 to 200), long 20 % (120 to 500). A headline never passes 15 words.
    """
    if request.words is not None:
        words = request.words
    else:
        rule = LENGTHS[request.length or "medium"]
        words = min(rule.ceiling, max(rule.floor, round(rule.share * source_words)))
    return min(words, HEADLINE_WORDS) if request.style == "headline" else words
