"""Calls that may never return, from a thread that must go on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Stuck(Exception):
    """The call did not return in time; its thread is left behind with it."""


class Watchdog:
    """Runs calls one after another in a daemon thread and waits for each for a bounded time.

    librdkafka's transactional calls take a timeout, but `send_offsets_to_transaction` was seen to wait for ever when
    its broker was killed and came back (librdkafka 2.16, every time). A stuck thread holds no lock of ours; it ends
    with the process.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="transactions", daemon=True).start()

    def run(self, call: Callable[[], Any], seconds: float) -> Any:
        """The call's value, or its error.

        Raises:
            Stuck: It did not return within `seconds`; this watchdog cannot be used again.
        """
        future: Future[Any] = Future()
        self._calls.put((call, future))
        try:
            return future.result(seconds)
        except TimeoutError as error:
            if future.done():
                raise  # the call's own
            raise Stuck from error

    def close(self) -> None:
        """Let the thread end."""
        self._calls.put((_END, Future()))

    def _work(self) -> None:
        while True:
            call, future = self._calls.get()
            if call is _END:
                return
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - handed to the caller
                future.set_exception(error)


def _END() -> None:
    """Marks the end of the calls."""
