"""Numbers taken of a text: shape statistics and hashed words, from a bounded sample of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brevity.nlp.sentences import split_sentences
from brevity.nlp.words import WORD

BUCKETS = 1 << 14
"""Size of the table that words are hashed into (Weinberger et al. 2009, "Feature hashing for large scale multitask
learning")."""

SLICES = 3
SLICE_CHARACTERS = 1_500
TYPE_TOKEN_WORDS = 100


@dataclass(frozen=True)
class TextStatistics:
    """What input monitors know of a document.

    Attributes:
        words: Words of the whole document.
        sentence_words: Mean words of a sentence.
        word_length: Mean characters of a word.
        digits: Share of digits among visible characters.
        capitals: Share of capitals among visible characters.
        type_token: Distinct words among the first 100 of the sample: independent of the text's length.
        buckets: Hashed words of the sample, one entry a word.
    """

    words: int
    sentence_words: float
    word_length: float
    digits: float
    capitals: float
    type_token: float
    buckets: NDArray[np.int64]


def measure(text: str, *, words: int, language: str | None = None) -> TextStatistics:
    """The statistics of `text`.

    Beginning, middle and end are read, 1,500 characters each, so that the time does not grow with the document.

    Args:
        text: The normalised text.
        words: Its word count, as the accepted event states it.
        language: BCP 47 tag when known; decides where sentences end.
    """
    sample = _sample(text)
    tokens = _tokens(sample)
    visible = sum(not c.isspace() for c in sample) or 1
    sentences = len(split_sentences(sample, language)) or 1
    head = tokens[:TYPE_TOKEN_WORDS]
    return TextStatistics(
        words=words,
        sentence_words=len(tokens) / sentences,
        word_length=sum(map(len, tokens)) / (len(tokens) or 1),
        digits=sum(map(str.isdigit, sample)) / visible,
        capitals=sum(map(str.isupper, sample)) / visible,
        type_token=len(set(head)) / (len(head) or 1),
        buckets=np.array([zlib.crc32(token.encode()) % BUCKETS for token in tokens], dtype=np.int64),
    )


def _sample(text: str) -> str:
    if len(text) <= SLICES * SLICE_CHARACTERS:
        return text
    step = (len(text) - SLICE_CHARACTERS) // (SLICES - 1)
    return "\n".join(text[i * step : i * step + SLICE_CHARACTERS] for i in range(SLICES))


def _tokens(sample: str) -> list[str]:
    """Words in lowercase; pairs of characters where a script has no blanks."""
    found: list[str] = []
    for match in WORD.finditer(sample):
        word = match.group().lower()
        if match.lastgroup in ("cjk", "sea") and len(word) > 2:
            found.extend(word[i : i + 2] for i in range(len(word) - 1))
        else:
            found.append(word)
    return found
