"""Numbers that describe each sentence within its document, computed in time linear in the text.

No sentence is compared with every other: each is compared with the document's centroid, its lead and its title.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from brevity.nlp.rouge import tokens
from brevity.nlp.transcript import Sentence

Array = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

FEATURES = (
    "place", "place_from_end", "index", "index_from_end", "opens_paragraph", "place_in_paragraph", "paragraph_length",
    "words", "relative_words", "centroid", "centroid_rank", "mean_frequency", "frequency_rank", "novelty", "title",
    "lead", "digits", "capitals", "word_length", "distinct", "question", "ends_like_a_sentence", "commas",
    "spoken", "turn_words", "before", "after", "document_sentences", "document_words", "mean_words", "budget",
)  # fmt: skip
"""Names of the columns, in order; a model says which it was trained on."""

_LEAD = 3


@dataclass(frozen=True)
class Document:
    """A document's sentences with their words as numbers."""

    sentences: Sequence[Sentence]
    texts: Sequence[str]
    words: Sequence[Sequence[str]]
    title: Sequence[str]
    paragraphs: Ids


def read(text: str, sentences: Sequence[Sentence], title: str | None) -> Document:
    """Prepare `text` for `features`."""
    texts = [text[s.span.start : s.span.end] for s in sentences]
    paragraphs = np.zeros(len(sentences), dtype=np.int64)
    for i in range(1, len(sentences)):
        gap = text[sentences[i - 1].span.end : sentences[i].span.start]
        paragraphs[i] = paragraphs[i - 1] + ("\n" in gap)
    return Document(sentences, texts, [tokens(t) for t in texts], tokens(title or ""), paragraphs)


def features(document: Document, budget: int) -> Array:
    """One row a sentence, one column for each of FEATURES; `budget` is the summary's length in words."""
    count = len(document.texts)
    sizes = np.array([len(w) for w in document.words], dtype=np.float64)
    place = np.arange(count, dtype=np.float64)
    centroid, frequency, novelty, title, lead = _term_columns(document, sizes)
    inside, length = _paragraph_columns(document.paragraphs)
    total = max(1.0, sizes.sum())
    columns = [
        (place + 0.5) / count,
        (count - place) / count,
        np.log1p(place),
        np.log1p(count - 1 - place),
        inside == 0,
        (inside + 0.5) / length,
        np.log1p(length),
        np.log1p(sizes),
        sizes / max(1.0, sizes.mean()),
        centroid,
        _rank(centroid),
        frequency,
        _rank(frequency),
        novelty,
        title,
        lead,
        *_surface_columns(document, sizes),
        *_speaker_columns(document.sentences, sizes),
        np.concatenate(([0.0], centroid[:-1])),
        np.concatenate((centroid[1:], [0.0])),
        *(
            np.full(count, x)
            for x in (np.log1p(count), np.log1p(total), total / count, np.log(budget / total))
        ),
    ]
    return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)


def _term_columns(document: Document, sizes: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Cosine with the centroid, mean word probability, share of first mentions, overlap with title and lead."""
    numbers: dict[str, int] = {}
    flat = np.array([numbers.setdefault(w, len(numbers)) for s in document.words for w in s], dtype=np.int64)
    count, terms = len(document.words), max(1, len(numbers))
    rows = np.repeat(np.arange(count), sizes.astype(np.int64))
    pairs, tf = np.unique(rows * terms + flat, return_counts=True)
    row, term = pairs // terms, pairs % terms
    spread = np.bincount(term, minlength=terms)
    idf = np.log((1 + count) / (1 + spread)) + 0.1
    weight = np.sqrt(tf) * idf[term]
    norm = np.sqrt(np.bincount(row, weight**2, minlength=count)) + 1e-9
    unit = weight / norm[row]
    centre = np.bincount(term, unit, minlength=terms)
    centre /= np.linalg.norm(centre) + 1e-9
    centroid: Array = np.bincount(row, unit * centre[term], minlength=count).astype(np.float64)
    probability = np.sqrt(spread / max(1, count)) * np.minimum(idf, 5)
    safe = np.maximum(sizes, 1)
    frequency = np.bincount(row, tf * probability[term], minlength=count) / safe
    first = np.zeros(len(pairs))
    first[np.unique(term, return_index=True)[1]] = 1
    novelty = np.bincount(row, first, minlength=count) / safe
    in_title = np.zeros(terms)
    in_title[[numbers[w] for w in document.title if w in numbers]] = 1
    title = np.bincount(row, in_title[term] * idf[term], minlength=count) / safe
    head = np.bincount(term[row < _LEAD], unit[row < _LEAD], minlength=terms)
    lead = np.bincount(row, unit * head[term], minlength=count) / (np.linalg.norm(head) + 1e-9)
    return centroid, frequency, novelty, title, lead


def _paragraph_columns(paragraphs: Ids) -> tuple[Array, Array]:
    """Each sentence's place in its paragraph, and the paragraph's length in sentences."""
    lengths = np.bincount(paragraphs)
    starts = np.cumsum(lengths) - lengths
    inside = np.arange(len(paragraphs)) - starts[paragraphs]
    return inside.astype(np.float64), lengths[paragraphs].astype(np.float64)


def _surface_columns(document: Document, sizes: Array) -> list[Array]:
    rows = [
        (
            sum(map(str.isdigit, text)) / len(text),
            sum(map(str.isupper, text)) / len(text),
            sum(map(len, words)) / max(1, len(words)),
            len(set(words)) / max(1, len(words)),
            text.endswith(("?", "？", "؟")),
            text[-1] in ".!。！।։።۔",
            text.count(",") / max(1, len(words)),
        )
        for text, words in zip(document.texts, document.words, strict=True)
    ]
    return list(np.array(rows, dtype=np.float64).T)


def _speaker_columns(sentences: Sequence[Sentence], sizes: Array) -> list[Array]:
    """Whether spoken, and how many words the turn has."""
    spoken = np.array([s.label is not None for s in sentences], dtype=np.float64)
    numbers: dict[object, int] = {}
    turn = np.array([numbers.setdefault(s.label, len(numbers)) for s in sentences], dtype=np.int64)
    size = np.bincount(turn, sizes)[turn]
    return [spoken, spoken * np.log1p(size)]


def _rank(values: Array) -> Array:
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values))
    rank[order] = np.arange(len(values))
    return rank / max(1, len(values) - 1)
