"""A small trained model of how much a sentence belongs in a summary, stored as plain JSON.

It holds boosted trees over the features of a sentence, the cue words of each language it was trained on, and what
the kinds of documents looked like that it was trained on. In a document of another language or kind its judgement
is weaker, and the beginning of the document is trusted more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brevity.nlp import cues
from brevity.nlp.features import FEATURES, KIND, Document, distaste, features, in_lead
from brevity.nlp.terms import Array

FORMAT = "brevity-ranker-2"
LEAD_TRUST = 2.0
"""What a sentence of the lead gains in an unfamiliar document, in spreads of the scores (see docs/engine.md)."""
FAMILIAR = 2.0
"""Mean distance from a kind of document, in its spreads, up to which a document is of that kind."""

_CHUNK = 1_024
"""Sentences scored at a time, which bounds the memory."""


MOST_BYTES = 64 << 20
"""A model has less than a megabyte; a larger file is refused before it is read, since JSON is held in memory whole."""


class BadModel(ValueError):
    """A model file that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Kind:
    """Documents of one data set: their language, and the mean and the spread of each column of KIND."""

    language: str
    mean: Array
    spread: Array

    def distance(self, document: Array) -> float:
        """How far a document's means of the columns of KIND lie from this kind's, in spreads."""
        return float(np.sqrt(np.mean(((document - self.mean) / self.spread) ** 2)))


@dataclass(frozen=True)
class Trees:
    """All trees' nodes in one row; children are places in it, and a leaf is its own child."""

    roots: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: Array
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Array
    depth: int

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Trees:
        """From the lists of a model file; raises KeyError, TypeError or ValueError."""
        places = {key: np.array(model[key]).astype(np.int64) for key in ("roots", "feature", "left", "right")}
        trees = cls(
            **places,
            threshold=np.array(model["threshold"], dtype=np.float64),
            value=np.array(model["value"], dtype=np.float64),
            depth=int(model["depth"]),
        )
        if not trees._whole():
            raise ValueError("its trees point outside the file")
        return trees

    def _whole(self) -> bool:
        nodes = len(self.value)
        places = np.concatenate((self.roots, self.left, self.right))
        lengths = {len(self.feature), len(self.threshold), len(self.left), len(self.right), nodes}
        inside = bool(len(places)) and places.min() >= 0 and places.max() < nodes
        known = bool(nodes) and self.feature.min() >= 0 and self.feature.max() < len(FEATURES)
        return len(lengths) == 1 and inside and known and 0 < self.depth <= 64

    def score(self, rows: Array) -> Array:
        """One number for each row of features."""
        parts = [self._score(rows[i : i + _CHUNK]) for i in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _score(self, rows: Array) -> Array:
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        which = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[which, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return self.value[node].sum(axis=1)


@dataclass(frozen=True)
class Ranker:
    """The model; `version` is a digest of its file."""

    trees: Trees
    cues: Mapping[str, cues.Table]
    kinds: tuple[Kind, ...]
    version: str

    @classmethod
    def load(cls, path: Path) -> Ranker:
        """Read a model written by `brevity.nlp.training`; raises BadModel."""
        try:
            if path.stat().st_size > MOST_BYTES:
                raise BadModel(
                    f"{path.name} has more than {MOST_BYTES:,} bytes: that is no model of this kind."
                )
            content = path.read_bytes()
            model = json.loads(content)
            if model["format"] != FORMAT or model["features"] != list(FEATURES):
                raise BadModel(f"{path.name} was trained for another version; train it again.")
            return cls(
                trees=Trees.of(model["trees"]),
                cues={str(language): _table(table) for language, table in model["cues"].items()},
                kinds=tuple(map(_kind, model["kinds"])),
                version=hashlib.sha256(content).hexdigest()[:12],
            )
        except BadModel:
            raise
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadModel(f"{path.name} cannot be read as a model ({error}); train it again.") from error

    def score(self, document: Document, budget: int, language: str | None) -> Array:
        """For each sentence of `document` how fit it is for a summary of `budget` words, in spreads from the mean."""
        tag = (language or "").split("-")[0]
        rows = features(document, budget, cues.columns(document.words, self.cues.get(tag, {})))
        scores = self.trees.score(rows)
        scores = (scores - scores.mean()) / (scores.std() + 1e-9) - distaste(document)
        if self.familiar(rows, tag):
            return scores
        return scores + LEAD_TRUST * in_lead(document, budget)

    def familiar(self, rows: Array, language: str) -> bool:
        """Whether a document with these features is of a language and a kind that the model was trained on."""
        means = rows[:, KIND].mean(axis=0)
        return any(kind.language == language and kind.distance(means) <= FAMILIAR for kind in self.kinds)


def _table(table: Mapping[str, Any]) -> dict[str, int]:
    return {word: int(weight) for word, weight in table.items()}


def _kind(kind: Mapping[str, Any]) -> Kind:
    mean, spread = (np.array(kind[key], dtype=np.float64) for key in ("mean", "spread"))
    if mean.shape != (len(KIND),) or spread.shape != mean.shape or not (spread > 0).all():
        raise ValueError("its kinds of documents are incomplete")
    return Kind(str(kind["language"]), mean, spread)
