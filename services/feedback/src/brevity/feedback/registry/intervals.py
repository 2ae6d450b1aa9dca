"""Where gains with their bounds lie on a common scale. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from brevity.feedback.registry.versions import Gain


@dataclass(frozen=True, slots=True)
class Interval:
    """In percent of the drawing's width; `low` and `high` are cut at its ends."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Axis:
    """From `-reach` to `reach`, so that no change lies in the middle."""

    reach: float

    def place(self, value: float) -> float:
        return min(100.0, max(0.0, 50 + 50 * value / self.reach))

    def of(self, gain: Gain) -> Interval | None:
        """None of a gain without bounds."""
        if gain.low is None or gain.high is None:
            return None
        return Interval(self.place(gain.low), self.place(gain.mean), self.place(gain.high))


def axis(gains: Sequence[Gain]) -> Axis:
    """One that holds them all, with a round end."""
    ends = [abs(end) for gain in gains for end in (gain.low, gain.high, gain.mean) if end is not None]
    most = max(ends, default=0.0) or 0.01
    unit = 10.0 ** floor(log10(most))
    return Axis(next(step * unit for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * unit >= most))
