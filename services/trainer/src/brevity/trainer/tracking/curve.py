"""Metrics by step on their way to a run: sent many steps at a time, and kept for the plot."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress

from brevity.common.errors import Unavailable
from brevity.trainer.tracking.port import Run

_STEPS = 200
_SECONDS = 5.0


class Curve:
    """One request to the tracker for each of hundreds of steps would take longer than they do."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: list[tuple[int, Mapping[str, float]]] = []
        self._sent = time.monotonic()
        self.series: dict[str, list[tuple[int, float]]] = {}

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Sends now and then; while the tracker is away the training goes on, and the points wait."""
        for name, value in values.items():
            self.series.setdefault(name, []).append((step, value))
        self._waiting.append((step, dict(values)))
        if len(self._waiting) % _STEPS == 0 or time.monotonic() - self._sent > _SECONDS:
            with suppress(Unavailable):
                self.send()

    def send(self) -> None:
        """Send what waits; to be called at the end. Raises Unavailable."""
        self._sent = time.monotonic()
        if self._waiting:
            self._run.series(self._waiting)
            self._waiting = []
