"""Conformal p-values: where a new observation ranks among all before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from brevity.feedback.drift.measures import BINS

Floats = NDArray[np.float64]


class Rank(NamedTuple):
    """Ranks of one observation, one entry a statistic.

    Attributes:
        p: Smoothed conformal p-value in (0, 1), small for large values. Uniform and independent of earlier ones
            as long as observations are exchangeable.
        middle: The same with ties split in half instead of at random; for effect sizes.
    """

    p: Floats
    middle: Floats


class Ranks:
    """All observations so far, as counts in fixed cells: memory does not grow with the stream.

    p = (#greater + u * #ties) / n, the observation itself among the ties and u uniform (Vovk, Gammerman, Shafer,
    "Algorithmic Learning in a Random World", 2005, section 2.3). Ranking before and after includes the stream, not
    a frozen reference only: against a finite frozen reference even an unchanged stream would in time be found
    different.
    """

    def __init__(self, statistics: int) -> None:
        self.count = 0
        self._cells = np.zeros((statistics, BINS), dtype=np.int64)
        self._rows = np.arange(statistics)

    def add(self, cells: NDArray[np.int64]) -> None:
        self._cells[self._rows, cells] += 1
        self.count += 1

    def remove(self, cells: NDArray[np.int64]) -> None:
        """Take back an observation that was added."""
        self._cells[self._rows, cells] -= 1
        self.count -= 1

    def shift(self, cells: Sequence[NDArray[np.int64]]) -> Floats:
        """The rank-biserial correlation of some observations with those here, one for each statistic, in [-1, 1]."""
        below = np.cumsum(self._cells, axis=1) - self._cells
        middle = (below + 0.5 * self._cells) / max(1, self.count)
        return 2 * np.mean([middle[self._rows, each] for each in cells], axis=0) - 1

    def rank(self, cells: NDArray[np.int64], uniforms: Floats) -> Rank:
        """Add an observation and rank it.

        Args:
            cells: Its cell by each statistic.
            uniforms: One number in (0, 1) for each statistic, independent of everything else.
        """
        self.add(cells)
        ties = self._cells[self._rows, cells].astype(np.float64)
        # A cumulative count is slower here than one masked sum over the cells above.
        above = (self._cells * (np.arange(BINS) > cells[:, None])).sum(axis=1)
        return Rank((above + uniforms * ties) / self.count, (above + 0.5 * ties) / self.count)

    def state(self) -> dict[str, object]:
        rows = [np.flatnonzero(row) for row in self._cells]
        return {
            "count": self.count,
            "cells": [
                [filled.tolist(), row[filled].tolist()] for filled, row in zip(rows, self._cells, strict=True)
            ],
        }

    @classmethod
    def restore(cls, state: dict[str, object]) -> Ranks:
        cells: list[list[list[int]]] = state["cells"]  # type: ignore[assignment]
        ranks = cls(len(cells))
        ranks.count = int(state["count"])  # type: ignore[call-overload]
        for row, (filled, counts) in zip(ranks._cells, cells, strict=True):
            row[filled] = counts
        return ranks
