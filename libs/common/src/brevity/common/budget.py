"""A bound on the bytes of documents that a process has in hand at once, however many threads work on them."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager


class ByteBudget:
    """`with budget(size):` waits until so many bytes fit beside those in hand; what is larger than all fits alone.

    In order of arrival, so that a large document is not kept out by small ones. Safe to share between threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._turn = threading.Lock()
        self._room = threading.Condition()

    @contextmanager
    def __call__(self, size: int) -> Generator[None]:
        size = min(size, self._most)
        with self._turn, self._room:
            self._room.wait_for(lambda: self._held + size <= self._most)
            self._held += size
        try:
            yield
        finally:
            with self._room:
                self._held -= size
                self._room.notify_all()
