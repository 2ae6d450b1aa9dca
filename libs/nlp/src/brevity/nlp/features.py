"""Numbers that describe each sentence within its document, computed in time linear in the text.

No sentence is compared with every other: see brevity.nlp.terms. docs/engine.md says what each column means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brevity.nlp.rouge import tokens
from brevity.nlp.terms import Array, Flags, Ids, term_columns
from brevity.nlp.transcript import Sentence

FEATURES = (
    "place", "place_from_end", "index", "index_from_end", "words_before", "lead_of_budget",
    "opens_paragraph", "place_in_paragraph", "paragraph_length", "since_heading",
    "words", "relative_words", "words_of_budget",
    "centroid", "centroid_rank", "main_topic", "frequency", "frequency_rank", "novelty", "rarity", "lead",
    "neighbourhood", "preceding", "following", "pairs_repeated", "pairs_often", "pairs_of_lead",
    "digits", "capitals", "word_length", "distinct", "question", "ends_like_a_sentence", "commas",
    "spoken", "turn_words", "centroid_before", "centroid_after",
    "document_sentences", "document_words", "mean_words", "budget",
    "cue_mean", "cue_highest", "cue_lowest",
)  # fmt: skip
"""Names of the columns, in order; a model says which it was trained on."""

_KIND = (
    "document_words",
    "mean_words",
    "paragraph_length",
    "capitals",
    "word_length",
    "ends_like_a_sentence",
    "spoken",
)
KIND = [FEATURES.index(name) for name in _KIND]
"""Columns whose means over a document tell what kind of document it is."""

_STOPS = ".!?。！？।።։۔؟…"
_QUESTIONS = ("?", "？", "؟")
_HEADING_WORDS = 8
_LEAST_WORDS = 4
_LOATH, _RELUCTANT = 3.0, 1.0
_MOST_BUDGETS_BEFORE = 5.0


@dataclass(frozen=True)
class Document:
    """A document's sentences, their words, and the number of the paragraph each stands in."""

    sentences: Sequence[Sentence]
    texts: Sequence[str]
    words: Sequence[Sequence[str]]
    paragraphs: Ids


def read(text: str, sentences: Sequence[Sentence]) -> Document:
    """Prepare `text` for `features`."""
    texts = [text[s.span.start : s.span.end] for s in sentences]
    paragraphs = np.zeros(len(sentences), dtype=np.int64)
    for i in range(1, len(sentences)):
        before, here = sentences[i - 1], sentences[i]
        if here.block is not None:
            new = here.block != before.block
        else:
            new = "\n" in text[before.span.end : here.span.start]
        paragraphs[i] = paragraphs[i - 1] + new
    return Document(sentences, texts, [tokens(t) for t in texts], paragraphs)


def features(document: Document, budget: int, cues: Array) -> Array:
    """One row a sentence, one column for each of FEATURES.

    Args:
        document: As `read` gave it, of one sentence at least.
        budget: The summary's length in words, 1 at least.
        cues: What brevity.nlp.cues says of each sentence.
    """
    count = len(document.texts)
    sizes = np.array([len(w) for w in document.words], dtype=np.float64)
    total = max(1.0, sizes.sum())
    terms = term_columns(document.words, sizes, in_lead(document, budget))
    centroid = terms[0]
    whole = (np.log1p(count), np.log1p(total), total / count, np.log(budget / total))
    columns = [
        *_place_columns(document, sizes, budget),
        np.log1p(sizes),
        sizes / max(1.0, sizes.mean()),
        np.log1p(sizes) - np.log(budget),
        *terms,
        *_surface_columns(document),
        *_speaker_columns(document.sentences, sizes),
        np.concatenate(([0.0], centroid[:-1])),
        np.concatenate((centroid[1:], [0.0])),
        *(np.full(count, value) for value in whole),
        *cues.T,
    ]
    return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)


def in_lead(document: Document, budget: int) -> Array:
    """1 for each sentence that begins within the document's first `budget` words, else 0."""
    sizes = np.array([len(w) for w in document.words])
    return (np.cumsum(sizes) - sizes < budget).astype(np.float64)


def _place_columns(document: Document, sizes: Array, budget: int) -> list[Array]:
    """From `place` to `since_heading`."""
    count = len(sizes)
    place = np.arange(count, dtype=np.float64)
    before = np.cumsum(sizes) - sizes
    inside, length = _paragraph_columns(document)
    heading = _headings(document, sizes, length)
    last_heading = np.maximum.accumulate(np.where(heading, place, -1))
    return [
        (place + 0.5) / count,
        (count - place) / count,
        np.log1p(place),
        np.log1p(count - 1 - place),
        np.log1p(before),
        np.minimum(before / budget, _MOST_BUDGETS_BEFORE),
        (inside == 0).astype(np.float64),
        (inside + 0.5) / length,
        np.log1p(length),
        np.log1p(place - last_heading),
    ]


def _paragraph_columns(document: Document) -> tuple[Array, Array]:
    """Each sentence's place in its paragraph, and the paragraph's length, in sentences."""
    lengths = np.bincount(document.paragraphs)
    starts = np.cumsum(lengths) - lengths
    inside = np.arange(len(document.paragraphs)) - starts[document.paragraphs]
    return inside.astype(np.float64), lengths[document.paragraphs].astype(np.float64)


def _headings(document: Document, sizes: Array, length: Array) -> Flags:
    """Whether each sentence is a short line of its own that nobody says and no full stop ends."""
    pairs = zip(document.sentences, document.texts, strict=True)
    plain = np.array([s.label is None and t[-1] not in _STOPS for s, t in pairs])
    return (length == 1) & (sizes <= _HEADING_WORDS) & plain


def distaste(document: Document) -> Array:
    """What readers would rather not see, in spreads of the scores: scraps, greetings, headings; less so, questions.

    Labels cannot teach this: a reference shares words with "Okay." and with a question as with its answer.
    """
    sizes = np.array([len(w) for w in document.words], dtype=np.float64)
    asks = np.array([text.endswith(_QUESTIONS) for text in document.texts])
    scrap = sizes < _LEAST_WORDS
    heading = _headings(document, sizes, _paragraph_columns(document)[1])
    return _LOATH * (scrap | heading) + _RELUCTANT * asks


def _surface_columns(document: Document) -> list[Array]:
    """From `digits` to `commas`."""
    rows = [
        (
            sum(map(str.isdigit, text)) / len(text),
            sum(map(str.isupper, text)) / len(text),
            sum(map(len, words)) / max(1, len(words)),
            len(set(words)) / max(1, len(words)),
            text.endswith(_QUESTIONS),
            text[-1] in _STOPS,
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
