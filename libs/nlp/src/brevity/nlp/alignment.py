"""Where in a source a summary sentence comes from, and how much of it is found there.

Units are words cut to six letters (truncation is a stemmer that needs no language: McNamee & Mayfield 2004,
"Character N-Gram Tokenization for European Language Text Retrieval") and, in scripts without blanks, pairs of
characters. Each unit weighs its inverse document frequency over the source's sentences (Sparck Jones 1972), so
that function words weigh next to nothing in any language without a list of them. Candidates come from an inverted
index over the rarest units; up to three of them are taken greedily, each the one that covers most of the weight
still uncovered (the greedy oracle of Nallapati, Zhai & Zhou 2017, turned from summary to source). Support is the
covered share of the weight of units and of adjacent pairs of units: a weighted form of the coverage of Grusky,
Naaman & Artzi 2018 ("Newsroom").

Cost: one pass over the source, then a bounded number of candidates for each summary sentence.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from brevity.nlp.types import Span
from brevity.nlp.words import WORD

MAX_SENTENCES = 3
_STEM_LETTERS = 6
_QUERY_UNITS = 24
_MAX_POSTINGS = 400
_CANDIDATES = 12
# A pair of adjacent units tells about word order, but repeats what its units tell: half their mean weight.
_PAIR_WEIGHT = 0.5
# A further source sentence must explain at least this share of the summary sentence to be named as its source.
_MIN_GAIN = 0.05


class Alignment(NamedTuple):
    """Source spans, best first, and the share in [0, 1] of the sentence's weight found in them."""

    spans: tuple[Span, ...]
    support: float


def units(text: str) -> list[str]:
    """The units of comparison of `text`, in order."""
    found: list[str] = []
    for match in WORD.finditer(text):
        word = match.group().casefold()
        if match.lastgroup in ("cjk", "sea"):
            found.extend([word[i : i + 2] for i in range(len(word) - 1)] or [word])
        else:
            found.append(word if match.lastgroup == "number" else word[:_STEM_LETTERS])
    return found


class SourceIndex:
    """An inverted index over the sentences of one source."""

    def __init__(self, source: str, sentences: Sequence[Span]) -> None:
        self._source = source
        self._sentences = sentences
        self._postings: dict[str, list[int]] = defaultdict(list)
        for number, span in enumerate(sentences):
            for unit in dict.fromkeys(units(source[span.start : span.end])):
                self._postings[unit].append(number)

    def align(self, sentence: str) -> Alignment:
        """Align one summary sentence. A sentence without any word is supported by nothing and needs no support."""
        wanted = self._weights(units(sentence))
        total = sum(wanted.values())
        if not total:
            return Alignment((), 1.0)
        features = {number: self._features(number) & wanted.keys() for number in self._candidates(sentence)}
        chosen: list[int] = []
        covered: set[str | tuple[str, str]] = set()
        while features and len(chosen) < MAX_SENTENCES:
            # Ties go to the earlier sentence, so that the result never depends on the order of a set.
            gain, best = max(
                (math.fsum(wanted[f] for f in have - covered), -number) for number, have in features.items()
            )
            if gain < _MIN_GAIN * total:
                break
            chosen.append(-best)
            covered |= features.pop(-best)
        support = math.fsum(wanted[f] for f in covered) / total
        return Alignment(tuple(self._sentences[n] for n in chosen), round(min(1.0, support), 4))

    def _weights(self, sequence: Sequence[str]) -> dict[str | tuple[str, str], float]:
        weights: dict[str | tuple[str, str], float] = {u: self._idf(u) for u in dict.fromkeys(sequence)}
        for pair in dict.fromkeys(pairwise(sequence)):
            weights[pair] = _PAIR_WEIGHT * (self._idf(pair[0]) + self._idf(pair[1])) / 2
        return weights

    def _idf(self, unit: str) -> float:
        postings = self._postings.get(unit)
        return math.log(1 + max(1, len(self._sentences)) / (len(postings) if postings else 0.5))

    def _candidates(self, sentence: str) -> list[int]:
        known = [u for u in dict.fromkeys(units(sentence)) if u in self._postings]
        known.sort(key=lambda unit: (len(self._postings[unit]), unit))
        scores: Counter[int] = Counter()
        for unit in known[:_QUERY_UNITS]:
            weight = self._idf(unit)
            for number in self._postings[unit][:_MAX_POSTINGS]:
                scores[number] += weight  # pyright: ignore[reportArgumentType] - Counter is typed for ints only
        ranked = sorted(scores, key=lambda number: (-scores[number], number))
        return ranked[:_CANDIDATES]

    def _features(self, number: int) -> set[str | tuple[str, str]]:
        span = self._sentences[number]
        sequence = units(self._source[span.start : span.end])
        return {*sequence, *pairwise(sequence)}


class Containment:
    """Finds text that stands word for word in a source, blanks and line breaks aside."""

    def __init__(self, source: str) -> None:
        self._source = source

    def find(self, sentence: str) -> Span | None:
        """The first place in the source where `sentence` stands as whole words."""
        wanted = sentence.strip()
        if not wanted:
            return None
        exact = _find_whole(self._source, wanted)
        if exact is not None:
            return exact
        collapsed, places = self._collapsed
        found = _find_whole(collapsed, " ".join(wanted.split()))
        if found is None:
            return None
        return Span(places[found.start], places[found.end - 1] + 1)

    @cached_property
    def _collapsed(self) -> tuple[str, list[int]]:
        """The source with each run of blanks made one blank, and the source place of each character."""
        characters: list[str] = []
        places: list[int] = []
        for place, character in enumerate(self._source):
            if not character.isspace():
                characters.append(character)
            elif characters and characters[-1] != " ":
                characters.append(" ")
            else:
                continue
            places.append(place)
        return "".join(characters), places


# "No" stands in "Nobody" some times, but rarely more often than this before it stands alone.
_MAX_PARTIAL_HITS = 50


def _find_whole(text: str, wanted: str) -> Span | None:
    start = text.find(wanted)
    for _ in range(_MAX_PARTIAL_HITS):
        if start < 0:
            return None
        end = start + len(wanted)
        if not (_joined(text, start) or _joined(text, end)):
            return Span(start, end)
        start = text.find(wanted, start + 1)
    return None


def _joined(text: str, place: int) -> bool:
    """Whether the characters on both sides of `place` belong to one word (in scripts with blanks)."""
    if not 0 < place < len(text):
        return False
    match = WORD.match(text, place - 1, place + 1)
    return match is not None and match.end() == place + 1 and match.lastgroup == "plain"
