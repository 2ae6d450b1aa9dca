"""The echo worker, standing still in the middle of a transaction after it got SIGUSR1. Run by tests, with -m.

Arguments: those of `tests.support.echo_worker`, then where it stops itself (SIGSTOP): `begun` before anything was written,
`queued` with records in the client, `written` with records at the broker, `offsets` with the offsets sent as well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from confluent_kafka import Producer

from brevity.common.kafka.client import Config
from brevity.common.kafka.runtime import Runtime
from tests.support import echo_worker

_due = threading.Event()


class _StillProducer(Producer):
    def __init__(self, config: Config, point: str) -> None:
        super().__init__(config)
        self._point = point

    def begin_transaction(self, *arguments: Any) -> None:
        super().begin_transaction(*arguments)
        self._stand_still("begun")

    def send_offsets_to_transaction(self, *arguments: Any, **options: Any) -> None:
        self._stand_still("queued")
        self._stand_still("written")
        super().send_offsets_to_transaction(*arguments, **options)

    def commit_transaction(self, *arguments: Any, **options: Any) -> None:
        self._stand_still("offsets")
        super().commit_transaction(*arguments, **options)

    def _stand_still(self, point: str) -> None:
        if point != self._point or not _due.is_set():
            return
        _due.clear()
        if point in {"written", "offsets"}:
            self.flush(10)
        print(f"standing still: {point}", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)


class _Still(Runtime):
    def __init__(self, point: str) -> None:
        self._point = point

    def producer(self, config: Config) -> Any:
        return _StillProducer(config, self._point)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: _due.set())
    echo_worker.main(*sys.argv[1:7], runtime=_Still(sys.argv[7]))
