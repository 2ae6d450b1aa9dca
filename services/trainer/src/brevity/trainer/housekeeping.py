"""What is done beside the jobs: their states onto the topic, unfinished promotions, occasions to train."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from brevity.common.errors import BrevityError
from brevity.common.events import encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability.logging import get_logger
from brevity.trainer.jobs.model import status_of
from brevity.trainer.jobs.store import Jobs

log = get_logger(__name__)

_TURN_SECONDS = 0.5


class Announcer:
    """Publishes every state of a job that the store marks as not announced: a crash announces it again, never not at all."""

    def __init__(self, jobs: Jobs, producer: AcknowledgedProducer) -> None:
        self._jobs = jobs
        self._producer = producer

    def turn(self) -> None:
        """Raises Unavailable."""
        jobs = self._jobs.unannounced()
        if jobs:
            self._producer.send(
                [encode(status_of(job), source="trainer", time=job.updated_at) for job in jobs]
            )
            self._jobs.announced(jobs)


class Seldom:
    """A chore that costs too much to be done at every turn; one that failed is done again at the next."""

    def __init__(self, chore: Callable[[], None], every_seconds: float) -> None:
        self._chore = chore
        self._every = every_seconds
        self._done: float | None = None

    def turn(self) -> None:
        now = time.monotonic()
        if self._done is None or now - self._done >= self._every:
            self._chore()
            self._done = now


class Housekeeping:
    """Does each chore about twice a second in the calling thread; one that fails is logged and done again."""

    def __init__(self, chores: Mapping[str, Callable[[], None]]) -> None:
        self._chores = chores
        self._stopping = threading.Event()
        self._turned = time.monotonic()

    def heartbeat_age_seconds(self) -> float:
        return time.monotonic() - self._turned

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until `stop`; then once more, so that nothing known is left unsaid."""
        while not self._stopping.is_set():
            self.turn()
            self._stopping.wait(_TURN_SECONDS)
        self.turn()

    def turn(self) -> None:
        for name, chore in self._chores.items():
            self._turned = time.monotonic()
            try:
                chore()
            except BrevityError as error:
                log.warning("a chore waits", chore=name, code=error.code, reason=error.message)
            except Exception as error:
                log.error("a chore failed", chore=name, error=type(error).__name__, exc_info=error)
