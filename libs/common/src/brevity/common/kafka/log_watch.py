"""Looks at the logs of the owned partitions again and again, in a thread of its own: a slow broker holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from brevity.common.errors import Unavailable
from brevity.common.kafka.logs import Look, Place
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_EVERY_SECONDS, _AWAY_SECONDS = 1.0, 3.0


class Asked(Protocol):
    def look(self, places: Collection[Place], known: Mapping[Place, int] | None = None) -> Look: ...

    def close(self) -> None: ...


class LogWatch:
    """The latest look at the logs, while the thread runs; it closes `logs` at its end.

    Args:
        known: The owned partitions with the positions known to be committed (-1 for none); called from the thread.
        every_seconds: How long it waits between two looks.
    """

    def __init__(
        self,
        logs: Asked,
        known: Callable[[], Mapping[Place, int]],
        every_seconds: float = _EVERY_SECONDS,
    ) -> None:
        self._every = every_seconds
        self._logs = logs
        self._known = known
        self._closed = threading.Event()
        self._latest: Look | None = None
        self._thread = threading.Thread(target=self._work, name="log-watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ask the thread to end; a call it is in may go on for some seconds, and nobody waits for it."""
        self._closed.set()

    def take(self) -> Look | None:
        """The look made since the last call, if any."""
        latest, self._latest = self._latest, None
        return latest

    def _work(self) -> None:
        try:
            self._look_again_and_again()
        finally:
            self._logs.close()

    def _look_again_and_again(self) -> None:
        pause = self._every
        while not self._closed.wait(pause):
            pause = self._every
            known = self._known()
            if not known:
                continue
            try:
                self._latest = self._logs.look(list(known), known)
            except Unavailable as error:
                pause = max(_AWAY_SECONDS, self._every)
                log.debug("the logs cannot be looked at now", reason=error.message)
