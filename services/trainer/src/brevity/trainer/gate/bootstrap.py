"""The paired bootstrap: how sure a mean difference is, given that both models saw the same documents."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_AT_ONCE = 2_000_000
"""Numbers held at a time."""
_SMALLEST_STRATUM = 5


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
    """Bound the mean of per-document differences by the studentized bootstrap (Efron and Tibshirani 1993, chapter 12).

    Documents are drawn with replacement within their stratum, so that each resample has the sets' own mixture. The
    plain percentile bootstrap, usual for comparing systems, is narrower still over few documents. With most documents
    differing by nothing, the 2 % bound was wrong in 4 % of trials over 30 documents, 3 % over 60, 2 % over 300.

    Args:
        differences: One for each document.
        strata: The set of each document; one set when absent. Sets of fewer than 5 are taken together.
        confidence: Of each bound, e.g. 0.98.
        resamples: Bootstrap samples.
        seed: Makes the answer repeatable.
    """
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    mean = float(values.mean()) if n else 0.0
    if n < 2:
        return Gain(mean, -math.inf, math.inf, n)
    groups = _groups(values, strata)
    error = math.sqrt(float(_variance([_moments(group[None, :]) for group in groups], n)[0]))
    if error < 1e-12:
        return Gain(mean, mean, mean, n)
    rng = np.random.default_rng(seed)
    drawn = [_resampled(group, resamples, rng) for group in groups]
    errors = np.sqrt(_variance(drawn, n))
    shifts = sum(sums for sums, _, _ in drawn) / n - mean
    # A resample of equal values has no error of its own: it counts with the sample's.
    scaled = shifts / np.where(errors > 1e-12, errors, error)
    below, above = (float(q) for q in np.quantile(scaled, [1 - confidence, confidence]))
    return Gain(mean, mean - above * error, mean - below * error, n)


def _groups(values: Array, strata: Sequence[str] | None) -> list[Array]:
    names = list(strata) if strata is not None else [""] * len(values)
    sizes = Counter(names)
    own = np.array([name if sizes[name] >= _SMALLEST_STRATUM else "" for name in names])
    found = [values[own == name] for name in np.unique(own)]
    return found if all(len(group) > 1 for group in found) else [values]


def _resampled(values: Array, resamples: int, rng: np.random.Generator) -> tuple[Array, Array, int]:
    step = max(1, _AT_ONCE // len(values))
    parts = [
        _moments(values[rng.integers(0, len(values), (min(step, resamples - begin), len(values)))])
        for begin in range(0, resamples, step)
    ]
    return (
        np.concatenate([sums for sums, _, _ in parts]),
        np.concatenate([variances for _, variances, _ in parts]),
        len(values),
    )


def _moments(rows: Array) -> tuple[Array, Array, int]:
    """Sum and variance of each row, and how long a row is."""
    return rows.sum(axis=1), rows.var(axis=1, ddof=1), rows.shape[1]


def _variance(drawn: Sequence[tuple[Array, Array, int]], n: int) -> Array:
    """Of the mean over all strata."""
    return np.sum([variances * size for _, variances, size in drawn], axis=0) / n**2
