"""Documents to train the ranker on: read, kept apart from the validation splits, and labelled."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from brevity.nlp.features import Document, read
from brevity.nlp.rouge import tokens
from brevity.nlp.terms import Array
from brevity.nlp.transcript import read_sentences

_PASSAGE = 50
"""Words in a row that two texts share only when one holds a passage of the other."""
_EVERY = 16
"""A passage begins at one word in so many, chosen by the word itself: any two texts choose the same places."""
_UNIGRAM_WORTH = 0.15
"""What a word shared with the reference is worth beside a pair of words: it orders the sentences that share none."""
_LIMIT = 8.0
_CUE_SMOOTHING = 3
_CUE_LIMITS = (-3.0, 4.0)


class Example(NamedTuple):
    """A document with what each sentence shares with its summary of `budget` words; `key` is a digest of the text."""

    key: int
    language: str
    document: Document
    hits: Array
    sizes: Array
    budget: int


def load(folder: Path, held_out: set[tuple[str, ...]], most_words: int) -> tuple[list[Example], int]:
    """Examples of about `most_words` words from a data set's train split, evenly spaced, and how many rows `held_out` took away."""
    rows = read_rows(folder / "train.jsonl.gz")
    clean = [row for row in rows if held_out.isdisjoint(passages(row["text"]))]
    step = 1 + sum(len(row["text"].split()) for row in clean) // most_words
    found = (example(row["text"], row["summary"], row["language"]) for row in clean[::step])
    return [e for e in found if e is not None], len(rows) - len(clean)


def read_rows(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def validation_passages(data: Path) -> set[tuple[str, ...]]:
    """The passages of every validation text under `data`."""
    files = sorted(data.glob("*/validation.jsonl.gz"))
    return {passage for file in files for row in read_rows(file) for passage in passages(row["text"])}


def passages(text: str) -> Iterator[tuple[str, ...]]:
    """The whole text, and stretches of it that any other text holding them gives as well."""
    words = tokens(text)
    yield tuple(words[: 4 * _PASSAGE]) if len(words) < _PASSAGE else tuple(words[:_PASSAGE])
    for i in range(len(words) - _PASSAGE + 1):
        if zlib.crc32(words[i].encode()) % _EVERY == 0:
            yield tuple(words[i : i + _PASSAGE])


def example(text: str, summary: str, language: str) -> Example | None:
    """Label a document; None when it or its summary is too short to teach anything.

    A sentence is worth the pairs of words (and a little the words) that its first `budget` words share with the
    reference, each counted once.
    """
    sentences = read_sentences(text, language)
    reference = tokens(summary)
    document = read(text, sentences)
    sizes = np.array([min(len(w), len(reference)) for w in document.words], dtype=np.float64)
    if len(sentences) < 2 or not reference or not sizes.any():
        return None
    words, pairs = set(reference), set(pairwise(reference))
    hits = [_hits(w[: len(reference)], words, pairs) for w in document.words]
    return Example(zlib.crc32(text.encode()), language, document, np.array(hits), sizes, len(reference))


def _hits(sentence: Sequence[str], words: set[str], pairs: set[tuple[str, str]]) -> float:
    shared = len(pairs & set(pairwise(sentence)))
    return shared + _UNIGRAM_WORTH * len(words & set(sentence))


def labels(example: Example) -> tuple[Array, Array]:
    """Hits for each word spent, in means of the document, and the weight of each sentence: its length.

    What a summary of given length gains is the sum of this over its words, so that the mean, which boosting with
    squared error fits, is what selection needs.
    """
    density = example.hits / np.maximum(example.sizes, 1)
    return np.clip(density / (density.mean() + 1e-3), 0, _LIMIT), np.maximum(example.sizes, 1)


def cue_worth(example: Example) -> Array:
    """Standardised worth of each sentence, very short ones held back."""
    density = example.hits / (example.sizes + _CUE_SMOOTHING)
    mean = np.average(density, weights=example.sizes)
    return np.clip((density - mean) / (density.std() + 1e-6), *_CUE_LIMITS)
