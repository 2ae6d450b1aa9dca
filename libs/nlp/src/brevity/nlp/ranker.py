"""A small trained model of how much a sentence belongs in a summary: boosted trees, stored as plain JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from brevity.nlp.features import FEATURES, Array

FORMAT = "brevity-trees-1"
_CHUNK = 1_024
"""Sentences scored at a time, which bounds the memory."""


class BadModel(ValueError):
    """A model file that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Ranker:
    """All trees' nodes in one row; children are places in it, and a leaf is its own child."""

    roots: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: Array
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Array
    depth: int
    version: str

    @classmethod
    def load(cls, path: Path) -> Ranker:
        """Read a model written by `brevity.nlp.training`; raises BadModel."""
        try:
            content = path.read_bytes()
            model = json.loads(content)
            names = model["features"]
            if model["format"] != FORMAT or names != list(FEATURES):
                raise BadModel(f"{path.name} was trained for another version; train it again.")
            columns = {key: np.array(model[key]) for key in ("roots", "feature", "left", "right")}
            ranker = cls(
                **{key: column.astype(np.int64) for key, column in columns.items()},
                threshold=np.array(model["threshold"], dtype=np.float64),
                value=np.array(model["value"], dtype=np.float64),
                depth=int(model["depth"]),
                version=hashlib.sha256(content).hexdigest()[:12],
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, BadModel):
                raise
            raise BadModel(f"{path.name} cannot be read as a model ({error}); train it again.") from error
        ranker._check(path.name)
        return ranker

    def _check(self, name: str) -> None:
        nodes = len(self.value)
        places = np.concatenate((self.roots, self.left, self.right))
        lengths = {len(self.feature), len(self.threshold), len(self.left), len(self.right), nodes}
        inside = len(places) and places.min() >= 0 and places.max() < nodes
        known = len(self.feature) and self.feature.min() >= 0 and self.feature.max() < len(FEATURES)
        if len(lengths) != 1 or not inside or not known or not 0 < self.depth <= 64:
            raise BadModel(f"{name} is damaged: its trees point outside the file; train it again.")

    def score(self, rows: Array) -> Array:
        """One number for each row of features; higher means fitter for the summary."""
        parts = [self._score(rows[i : i + _CHUNK]) for i in range(0, len(rows), _CHUNK)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _score(self, rows: Array) -> Array:
        node = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        which = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            goes_left = rows[which, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return self.value[node].sum(axis=1)
