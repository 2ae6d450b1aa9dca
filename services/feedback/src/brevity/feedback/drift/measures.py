"""What the monitors measure: the statistics of each family, their scales, and which direction is harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BINS = 400
"""Cells each statistic is counted in. Ties within a cell are broken at random, so that few cells cost power, not
validity."""

Direction = Literal["rise", "fall", "both"]
Scale = Literal["share", "root", "log"]


@dataclass(frozen=True)
class Statistic:
    """One number taken of every observation.

    Attributes:
        name: The last part of the monitor's name, e.g. `word_length`.
        scale: How values map to cells: `share` as they are, `root` by square root, `log` by log2(1 + value).
        top: The mapped value that falls in the last cell; greater ones join it.
        alarm_on: The direction that raises an alarm. For quality this is the direction of harm.
    """

    name: str
    scale: Scale
    top: float
    alarm_on: Direction = "both"


@dataclass(frozen=True)
class Family:
    """Statistics that are observed together and share one false-alarm budget.

    Attributes:
        min_effect: Smallest change worth an alarm, as a rank-biserial correlation in [0, 1] (Cureton 1956): the
            chance that a new value is above an old one less the chance that it is below. For a yes/no statistic
            this is the difference of the two rates.
        quality: Whether an alarm means harm; its effect is then reported as negative.
        fewest: See `Detector`. Documents come in batches of one sender's, and one batch is no drift.
    """

    name: str
    statistics: tuple[Statistic, ...]
    min_effect: float
    quality: bool
    fewest: int = 12

    def cells(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The cell in 0..BINS-1 of each value; values of the family's statistics in order."""
        mapped = values.copy()
        for index, statistic in enumerate(self.statistics):
            if statistic.scale == "log":
                mapped[index] = np.log2(1.0 + values[index])
            elif statistic.scale == "root":
                mapped[index] = np.sqrt(values[index])
            mapped[index] /= statistic.top
        return np.clip((mapped * BINS).astype(np.int64), 0, BINS - 1)


INPUT = Family(
    "input",
    (
        Statistic("words", "log", 24.0),
        Statistic("sentence_words", "log", 10.0),
        Statistic("word_length", "log", 6.0),
        Statistic("digits", "root", 1.0),
        Statistic("capitals", "root", 1.0),
        Statistic("type_token", "share", 1.0),
        Statistic("word_surprise", "share", 20.0),
        Statistic("language", "share", 1.0),
    ),
    min_effect=0.2,
    quality=False,
    fewest=24,
)
SUMMARY = Family(
    "quality",
    (
        Statistic("warnings", "root", 2.0, alarm_on="rise"),
        Statistic("length_ratio", "log", 4.0, alarm_on="both"),
    ),
    min_effect=0.1,
    quality=True,
)
RATING = Family(
    "quality", (Statistic("rating", "share", 1.0, alarm_on="fall"),), min_effect=0.05, quality=True
)
EDIT = Family(
    "quality", (Statistic("edit_distance", "share", 1.0, alarm_on="rise"),), min_effect=0.1, quality=True
)
FAMILIES = {"input": INPUT, "summary": SUMMARY, "rating": RATING, "edit": EDIT}
