"""Telling whoever asks for a document whose submission was gone before it was read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Self

from brevity.common.errors import Unavailable
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

Gap = tuple[str, int, int, int]
"""Topic, partition, first and last offset of records that were gone."""

_RETRY_SECONDS = 1.0
_END_SECONDS = 10.0


class Expiries:
    """Marks the documents of each gap in a thread of its own while the context is open; `add` never waits.

    Args:
        mark: Marks the documents submitted by the records of a gap, and says how many. Raises Unavailable.
    """

    def __init__(self, mark: Callable[[str, int, int, int], int]) -> None:
        self._mark = mark
        self._gaps: queue.SimpleQueue[Gap | None] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="expiries", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending.set()
        self._gaps.put(None)
        self._thread.join(_END_SECONDS)

    def add(self, topic: str, partition: int, first: int, last: int) -> None:
        """Have the documents of a gap marked."""
        self._gaps.put((topic, partition, first, last))

    def _work(self) -> None:
        while (gap := self._gaps.get()) is not None:
            self._insist(gap)

    def _insist(self, gap: Gap) -> None:
        while True:
            try:
                marked = self._mark(*gap)
            except Unavailable as error:
                log.warning("expired submissions are marked later", reason=error.message)
                if self._ending.wait(_RETRY_SECONDS):
                    return
            else:
                log.info("expired submissions are marked", documents=marked)
                return
