"""Repeated complaints, limited: the first few at once, then one in a while with the number of those left out.

Clients of a broker or a store that is away say so at each try and for each connection, 140 lines a second in a process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

_MOST_KINDS = 1_000


@dataclass(slots=True)
class _Kind:
    allowed: float
    seen: float
    left_out: int = 0


class RepeatFilter(logging.Filter):
    """Lets through what is below a warning or above an error, and of each kind of the rest a few lines.

    A kind is what our own code says in the same words, and everything that one library says at one level: a library
    writes addresses and times into its words. A line that follows others left out carries their number as `left_out`.

    Args:
        burst: Lines of a kind that pass at once.
        every_seconds: After these, one line in this time.
    """

    def __init__(
        self, *, burst: int = 3, every_seconds: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._burst = burst
        self._every = every_seconds
        self._clock = clock
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if not logging.WARNING <= record.levelno <= logging.ERROR:
            return True
        with self._lock:
            left_out = self._pass(_kind_of(record))
        if left_out:
            said: Any = record.msg
            if isinstance(said, dict):  # of structlog
                fields = cast("dict[str, Any]", said)
                record.msg = cast("Any", {**fields, "left_out": left_out})
            else:
                record.left_out = left_out
        return left_out is not None

    def _pass(self, name: tuple[str, str]) -> int | None:
        """How many were left out before this one; None when it is left out itself."""
        now = self._clock()
        kind = self._kinds.get(name)
        if kind is None:
            if len(self._kinds) >= _MOST_KINDS:
                self._kinds.clear()
            kind = self._kinds[name] = _Kind(float(self._burst), now)
        kind.allowed = min(float(self._burst), kind.allowed + (now - kind.seen) / self._every)
        kind.seen = now
        if kind.allowed < 1.0:
            kind.left_out += 1
            return None
        kind.allowed -= 1.0
        left_out, kind.left_out = kind.left_out, 0
        return left_out


def _kind_of(record: logging.LogRecord) -> tuple[str, str]:
    package = record.name.partition(".")[0]
    if package != "brevity":
        return package, record.levelname
    said: Any = record.msg
    if isinstance(said, dict):
        return record.name, str(cast("dict[str, Any]", said).get("event", ""))
    return record.name, str(said)
