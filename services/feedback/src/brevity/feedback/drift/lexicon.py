"""The words and languages of the reference, and how surprising a document is under them."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brevity.feedback.drift.text import BUCKETS, TextStatistics

_SMOOTHING = 0.5


class Lexicon:
    """Counts of hashed words and of languages over the documents it was taught, bounded whatever they hold.

    It is taught from documents that are ranked against nothing afterwards. A score that is fixed before ranking
    starts keeps the ranks of exchangeable documents uniform, which the guarantee of the monitors rests on.
    """

    def __init__(self) -> None:
        self.documents = 0
        self._counts = np.zeros(BUCKETS, dtype=np.int64)
        self._languages: Counter[str] = Counter()

    def learn(self, text: TextStatistics, language: str) -> None:
        self.documents += 1
        # Each document counts once for each of its words, so that a long one does not rule the table.
        self._counts[np.unique(text.buckets)] += 1
        self._languages[language] += 1
        self.__dict__.pop("_bits", None)

    def surprise(self, text: TextStatistics) -> float:
        """Mean bits a word: -log2 of the share its bucket has in the table, with additive smoothing of 0.5."""
        if not text.buckets.size:
            return 0.0
        return float(self._bits[text.buckets].mean())

    def share(self, language: str) -> float:
        """The share of the reference in `language`, 0 for one it never saw."""
        return self._languages[language] / self.documents if self.documents else 0.0

    def values(self, text: TextStatistics, language: str) -> NDArray[np.float64]:
        """The statistics of the `input` family, in its order."""
        return np.array(
            [
                text.words,
                text.sentence_words,
                text.word_length,
                text.digits,
                text.capitals,
                text.type_token,
                self.surprise(text),
                self.share(language),
            ]
        )

    @cached_property
    def _bits(self) -> NDArray[np.float64]:
        smoothed = self._counts + _SMOOTHING
        return -np.log2(smoothed / smoothed.sum())

    def state(self) -> dict[str, Any]:
        filled = np.flatnonzero(self._counts)
        return {
            "documents": self.documents,
            "buckets": filled.tolist(),
            "counts": self._counts[filled].tolist(),
            "languages": dict(self._languages),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Lexicon:
        lexicon = cls()
        lexicon.documents = state["documents"]
        lexicon._counts[state["buckets"]] = state["counts"]
        lexicon._languages.update(state["languages"])
        return lexicon
