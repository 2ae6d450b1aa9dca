"""A job's lease by this machine's own clock: its process goes on while the lease can still be valid, and not a moment longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

_TAKEN_BACK = 0.02
"""Of the lease: kept back for what ending the process takes, and for clocks that run unevenly."""


class Lease:
    """How long a job is surely ours, whether or not the store answers just now.

    Args:
        seconds: What was asked of the store.
        asked_at: `time.monotonic()` before it was asked: what the store counts from is later.
    """

    def __init__(self, seconds: float, asked_at: float) -> None:
        self._seconds = seconds
        self._asked_at = asked_at
        self.lost = False

    def left(self) -> float:
        """Seconds until another instance may take the job."""
        return self._asked_at + self._seconds * (1 - _TAKEN_BACK) - time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to renew it."""
        return time.monotonic() - self._asked_at > self._seconds / 4

    def renewed(self, asked_at: float) -> None:
        self._asked_at = asked_at

    @contextmanager
    def watched(self, end: Callable[[], None]) -> Generator[None]:
        """Calls `end` from another thread when it runs out, `lost` being set by then: a call to the store may hang."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(max(0.05, min(1.0, self.left()))):
                if self.left() <= 0:
                    self.lost = True
                    end()
                    return

        thread = threading.Thread(target=watch, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
