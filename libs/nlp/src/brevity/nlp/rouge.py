"""Overlap with a reference (ROUGE-N and ROUGE-L of Lin 2004), on tokens of any script, without stemming."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

# Scripts without blanks count by character.
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e01-\u0e4e]|[^\W_\u3040-\u30ff\u3400-\u9fff]+"
)


def tokens(text: str) -> list[str]:
    """Lowercased words; single characters in scripts written without blanks."""
    return _TOKEN.findall(text.lower())


def ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of `n` words occurs."""
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))


def rouge_n(candidate: Sequence[str], reference: Sequence[str], n: int) -> float:
    """F1 of the n-grams of `candidate` against those of `reference`, between 0 and 1."""
    ours, theirs = ngrams(candidate, n), ngrams(reference, n)
    shared = (ours & theirs).total()
    return 2 * shared / (ours.total() + theirs.total()) if shared else 0.0


def rouge_l(candidate: Sequence[str], reference: Sequence[str]) -> float:
    """F1 of the longest common subsequence of the two texts, taken as one sentence each, between 0 and 1."""
    shared = _longest_common(candidate, reference)
    return 2 * shared / (len(candidate) + len(reference)) if shared else 0.0


def _longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table in the bits of one number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    everything = (1 << len(one)) - 1
    row = everything
    for word in other:
        matched = row & places.get(word, 0)
        row = (row + matched | row - matched) & everything
    return len(one) - row.bit_count()
