"""Columns that come from the words of a document: what it is about, and which sentences say so.

All are sparse products of a sentence-by-term matrix, so the cost is linear in the text: no sentence is compared
with every other, only with sums (the document's centroid, its neighbourhood, its lead, its title).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BLOCK = 8
"""Sentences that make up a neighbourhood."""
_ROUNDS = 3
"""Steps of the power iteration towards the first singular vector."""


@dataclass(frozen=True)
class Terms:
    """The entries of a sentence-by-term matrix: row, term and the weight, each row of length one."""

    count: int
    terms: int
    row: Ids
    term: Ids
    tf: Array
    idf: Array
    unit: Array
    spread: Array

    @classmethod
    def of(cls, flat: Ids, rows: Ids, count: int) -> Terms:
        """From the number of each word of the text, and of the sentence it stands in."""
        terms = int(flat.max(initial=0)) + 1
        pairs, tf = np.unique(rows * terms + flat, return_counts=True)
        row, term = pairs // terms, pairs % terms
        spread = np.bincount(term, minlength=terms).astype(np.float64)
        idf = np.log((1 + count) / (1 + spread)) + 0.1
        weight = np.sqrt(tf) * idf[term]
        norm = np.sqrt(np.bincount(row, weight**2, minlength=count)) + 1e-9
        return cls(count, terms, row, term, tf.astype(np.float64), idf, weight / norm[row], spread)

    def sum_of(self, weights: Array) -> Array:
        """The terms of all sentences, each sentence weighing as given."""
        return np.bincount(self.term, self.unit * weights[self.row], minlength=self.terms).astype(np.float64)

    def likeness(self, target: Array) -> Array:
        """Cosine of each sentence with `target`, a weight for each term."""
        dots = np.bincount(self.row, self.unit * target[self.term], minlength=self.count)
        return dots / (np.linalg.norm(target) + 1e-9)

    def mean(self, values: Array, sizes: Array) -> Array:
        """Mean over each sentence's words of a value for each entry."""
        return np.bincount(self.row, values, minlength=self.count) / np.maximum(sizes, 1)


def term_columns(words: Sequence[Sequence[str]], sizes: Array, in_lead: Array) -> list[Array]:
    """The columns from `centroid` to `pairs_of_lead` of brevity.nlp.features.FEATURES.

    Args:
        words: Tokens of each sentence.
        sizes: How many they are.
        in_lead: 1 for each sentence that a summary made of the document's beginning would hold, else 0.
    """
    numbers: dict[str, int] = {}
    flat = np.array([numbers.setdefault(w, len(numbers)) for s in words for w in s], dtype=np.int64)
    rows = np.repeat(np.arange(len(words)), sizes.astype(np.int64))
    m = Terms.of(flat, rows, len(words))
    centre = m.sum_of(np.ones(m.count))
    centroid = m.likeness(centre)
    main = centre
    for _ in range(_ROUNDS):
        main = m.sum_of(m.likeness(main))
    probability = np.sqrt(m.spread / max(1, m.count)) * np.minimum(m.idf, 5)
    frequency = m.mean(m.tf * probability[m.term], sizes)
    first = np.zeros(len(m.row))
    first[np.unique(m.term, return_index=True)[1]] = 1
    lead = m.sum_of(in_lead)
    # What a sentence of the lead adds to the likeness by being part of it is taken off.
    own = in_lead / (np.linalg.norm(lead) + 1e-9)
    before, after = _neighbours(m)
    return [
        centroid,
        _rank(centroid),
        m.likeness(main),
        frequency,
        _rank(frequency),
        m.mean(first, sizes),
        m.mean(m.idf[m.term], sizes),
        m.likeness(lead) - own,
        _local(m),
        before,
        after,
        *_pair_columns(m, flat, rows, in_lead),
    ]


def _neighbours(m: Terms) -> tuple[Array, Array]:
    """Cosine with the sentence before and with the one after."""
    key = (
        m.row * m.terms + m.term
    )  # in order, so that the same term in the next sentence is found by bisection
    if not len(key):
        return np.zeros(m.count), np.zeros(m.count)
    place = np.minimum(np.searchsorted(key, key + m.terms), len(key) - 1)
    same = key[place] == key + m.terms
    dots = np.bincount(m.row, np.where(same, m.unit * m.unit[place], 0.0), minlength=m.count)
    dots = dots.astype(np.float64)
    return np.concatenate(([0.0], dots[:-1])), dots


def _local(m: Terms) -> Array:
    """Cosine with the block of sentences that it stands in."""
    block = m.row // _BLOCK
    keys, place = np.unique(block * m.terms + m.term, return_inverse=True)
    total = np.bincount(place, m.unit)
    norm = np.sqrt(np.bincount(keys // m.terms, total**2))
    dots = np.bincount(m.row, m.unit * total[place], minlength=m.count)
    return dots / (norm[np.arange(m.count) // _BLOCK] + 1e-9)


def _pair_columns(m: Terms, flat: Ids, rows: Ids, in_lead: Array) -> list[Array]:
    """Share of the word pairs that other sentences have too, mean log of how many have them, share the lead has."""
    inside = rows[1:] == rows[:-1]
    pairs, place = np.unique((flat[:-1] * m.terms + flat[1:])[inside], return_inverse=True)
    kinds = max(1, len(pairs))
    entries = np.unique(rows[1:][inside] * kinds + place)  # each pair once a sentence
    row, pair = entries // kinds, entries % kinds
    spread = np.bincount(pair, minlength=kinds)[pair]
    led = np.bincount(pair, in_lead[row], minlength=kinds)[pair] > in_lead[row]
    size = np.maximum(np.bincount(row, minlength=m.count), 1)
    values = (spread > 1, np.log(spread), led)
    return [np.bincount(row, value, minlength=m.count) / size for value in values]


def _rank(values: Array) -> Array:
    """Each value's rank, from 0 for the lowest to 1."""
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values))
    rank[order] = np.arange(len(values))
    return rank / max(1, len(values) - 1)
