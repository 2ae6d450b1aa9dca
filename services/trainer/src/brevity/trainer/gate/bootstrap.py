"""The paired bootstrap: how sure a mean difference is, given that both models saw the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_AT_ONCE = 4_000_000
"""Numbers held at a time."""


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean difference with its one-sided bounds, each missed with the same small probability.

    Attributes:
        mean: Candidate less champion.
        low, high: Bounds of the true mean.
        documents: How many it is taken over.
    """

    mean: float
    low: float
    high: float
    documents: int


def paired_gain(
    differences: Sequence[float],
    *,
    strata: Sequence[str] | None = None,
    confidence: float,
    resamples: int,
    seed: int,
) -> Gain:
    """Bootstrap the mean of per-document differences (Efron's percentile interval; Koehn 2004 for paired systems).

    Documents are drawn with replacement within their stratum, so that each resample has the sets' own mixture. The
    percentile interval is too narrow for few documents by sqrt(n / (n - 1)) and by Student's t; it is widened by both.

    Args:
        differences: One for each document.
        strata: The set of each document; one set when absent.
        confidence: Of each bound, e.g. 0.98.
        resamples: Bootstrap samples.
        seed: Makes the answer repeatable.
    """
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    if n == 0:
        return Gain(0.0, float("-inf"), float("inf"), 0)
    mean = float(values.mean())
    if n == 1:
        return Gain(mean, float("-inf"), float("inf"), 1)
    names = np.asarray(strata if strata is not None else [""] * n)
    rng = np.random.default_rng(seed)
    sums = np.zeros(resamples)
    lost = 0
    for name in np.unique(names):
        own = values[names == name]
        lost += 1
        sums += _resampled_sums(own, resamples, rng)
    means = sums / n
    widen = np.sqrt(n / max(1, n - lost)) * (1 + 1 / max(1, 4 * (n - lost)))
    low, high = np.quantile(means, [1 - confidence, confidence])
    return Gain(mean, mean + float(low - mean) * widen, mean + float(high - mean) * widen, n)


def _resampled_sums(
    values: npt.NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    out = np.empty(resamples)
    step = max(1, _AT_ONCE // len(values))
    for begin in range(0, resamples, step):
        count = min(step, resamples - begin)
        out[begin : begin + count] = values[rng.integers(0, len(values), (count, len(values)))].sum(axis=1)
    return out
