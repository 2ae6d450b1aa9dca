"""Words by which a summary is found: the same rule for what is stored and for what is asked."""

from __future__ import annotations

import unicodedata

from brevity.nlp.words import WORD

_MOST_WORDS = 1_000
"""Kept of one summary; a longer one is found by its first words."""


def search_words(*texts: str | None) -> list[str]:
    """Distinct words in case-folded NFKC, sorted. Scripts without blanks give every pair of neighbours instead."""
    found: dict[str, None] = {}
    for text in texts:
        for match in WORD.finditer(unicodedata.normalize("NFKC", text or "").casefold()):
            word = match.group()
            if match.lastgroup in ("cjk", "sea") and len(word) > 2:
                found.update(dict.fromkeys(word[at : at + 2] for at in range(len(word) - 1)))
            else:
                found[word] = None
            if len(found) >= _MOST_WORDS:
                break
    return sorted(found)
