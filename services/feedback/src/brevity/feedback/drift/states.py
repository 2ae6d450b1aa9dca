"""The states a stream of documents has been in: a return to one of them is no news.

A week has days of one kind and days of another, and documents of Monday are not exchangeable with those of Sunday. So each
state that an alarm has told of is remembered with ranks of its own; when the test finds that the stream has left
the state it was in, and what comes now looks like a state known before, the stream is taken to be back in that one, and
is tested against it from then on. That can only take alarms away, never add one. No IO.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brevity.feedback.drift.ranks import Ranks

Cells = NDArray[np.int64]

KNOWN = 5
"""States remembered, the reference among them; beyond that the one left for longest is forgotten."""
STAY = 50
"""A state left after fewer observations was taken for another one: what it was taken for is not tried again."""
_WINDOW, _LEAST_WINDOW = 16, 12
"""Observations that are surely of the state the stream is in now when the test finds that it has left another."""
_DEVIATION = 0.577
"""Of a uniform number in (-1, 1): what one observation's shift is while nothing has changed."""
_DEVIATIONS = 2.5


class States:
    """States with their ranks, the one the stream is in, and the last observations.

    Args:
        statistics: How many there are in an observation.
        min_effect: The shift of a statistic that is worth an alarm.
    """

    def __init__(self, statistics: int, min_effect: float) -> None:
        self._statistics = statistics
        self._min_effect = min_effect
        self._all = [Ranks(statistics)]
        self._left = [0]
        self._now = 0
        self._passed: set[int] = set()
        self._stayed = 0
        self._count = 0
        self._recent: deque[Cells] = deque(maxlen=_WINDOW)

    @property
    def now(self) -> int:
        """Which state the stream is in; 0 is the reference."""
        return self._now

    @property
    def ranks(self) -> Ranks:
        """Of the state the stream is in."""
        return self._all[self._now]

    def note(self, cells: Cells) -> None:
        """An observation that was ranked."""
        self._recent.append(cells)
        self._count += 1
        self._stayed += 1
        if self._stayed == STAY:
            self._passed.clear()

    def back(self, started: int) -> bool:
        """Whether the stream, which has left its state `started` observations ago, is in one known before; it is then
        taken to be there."""
        window = self._window(started)
        tolerance = self._min_effect + _DEVIATIONS * _DEVIATION / len(window) ** 0.5
        others = [n for n in range(len(self._all)) if n != self._now and n not in self._passed]
        shifts = {n: float(np.abs(self._all[n].shift(window)).max()) for n in others}
        fitting = min(shifts, key=lambda n: shifts[n], default=None)
        if fitting is None or shifts[fitting] > tolerance:
            return False
        self._go(fitting, self._moved(window))
        return True

    def begin(self, started: int) -> None:
        """The stream is in a state that was not known; what came since it began is its first."""
        window = self._moved(self._window(started))
        if len(self._all) == KNOWN:
            oldest = min((n for n in range(1, KNOWN) if n != self._now), key=lambda n: self._left[n])
            self._all[oldest], self._left[oldest] = Ranks(self._statistics), 0
        else:
            oldest = len(self._all)
            self._all.append(Ranks(self._statistics))
            self._left.append(0)
        self._go(oldest, window)

    def state(self) -> dict[str, Any]:
        return {
            "all": [ranks.state() for ranks in self._all[1:]],
            "left": self._left,
            "now": self._now,
            "passed": sorted(self._passed),
            "stayed": self._stayed,
            "count": self._count,
            "recent": [cells.tolist() for cells in self._recent],
        }

    def restore(self, reference: Any, state: dict[str, Any] | None) -> None:
        """`state` is None when an earlier release wrote it, which knew the reference alone."""
        self._all = [Ranks.restore(reference)]
        if state is None:
            return
        self._all += [Ranks.restore(saved) for saved in state["all"]]
        self._left = list(state["left"])
        self._now, self._stayed, self._count = state["now"], state["stayed"], state["count"]
        self._passed = set(state["passed"])
        self._recent.extend(np.array(cells, dtype=np.int64) for cells in state["recent"])

    @property
    def reference(self) -> Ranks:
        return self._all[0]

    def _window(self, started: int) -> Sequence[Cells]:
        """The last observations, no more than the later half since the change: the first may be of the state before."""
        return list(self._recent)[-max(_LEAST_WINDOW, started // 2) :]

    def _moved(self, window: Sequence[Cells]) -> Sequence[Cells]:
        """Take back what was ranked as if it belonged to the state that the stream has left."""
        for cells in window:
            self.ranks.remove(cells)
        return window

    def _go(self, number: int, window: Sequence[Cells]) -> None:
        self._left[self._now] = self._count
        if self._stayed < STAY:
            self._passed.add(self._now)
        else:
            self._passed = {self._now}
        for cells in window:
            self._all[number].add(cells)
        self._now, self._stayed = number, 0
