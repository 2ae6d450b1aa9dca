"""Noting submissions that Kafka has: in the store when it answers, in memory until then.

Kafka's acknowledgement is what a sender's 202 stands on; the note is for `GET /v1/documents/{id}` alone. So a store that
is away delays notes and nothing else. What this process has not noted when it dies is found by its outcome instead.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Self

from brevity.common.errors import Unavailable
from brevity.common.observability.logging import get_logger
from brevity.ingest.submit import Sent

log = get_logger(__name__)

Submitted = tuple[str, str]
"""A tenant and a document id."""

Note = tuple[Submitted, Sent]
"""A document that was submitted, and where its newest record lies."""

_MOST_AT_ONCE = 500
_MOST_WAITING = 100_000
_RETRY_SECONDS = 1.0
_LAST_TRY_SECONDS = 10.0


class Notes:
    """Writes notes in a thread of its own while the context is open; safe to share between threads.

    Args:
        keep: Writes notes to the store, all or at least harmlessly again. Raises Unavailable.
    """

    def __init__(self, keep: Callable[[Sequence[Note]], None]) -> None:
        self._keep = keep
        self._waiting: OrderedDict[Submitted, tuple[Sent, Future[None]]] = OrderedDict()
        self._changed = threading.Condition()
        self._away = False
        self._ending = False
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="notes", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Tries once more what waits."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(_LAST_TRY_SECONDS)

    def add(self, note: Submitted, sent: Sent) -> Future[None]:
        """Have `note` written; what is returned ends when it is, or when that has to wait until the store is back.

        Beyond 100,000 that wait, the oldest is left to its outcome.
        """
        with self._changed:
            _, future = self._waiting.get(note) or (sent, Future[None]())
            self._waiting[note] = sent, future
            if self._away:
                _end([future])
            if len(self._waiting) > _MOST_WAITING:
                _end([self._waiting.popitem(last=False)[1][1]])
                self._dropped += 1
            self._changed.notify_all()
        return future

    def holds(self, note: Submitted) -> bool:
        """Whether `note` waits for a store that is away."""
        with self._changed:
            return self._away and note in self._waiting

    def _work(self) -> None:
        size = _MOST_AT_ONCE
        while batch := self._next(size):
            try:
                self._keep(batch)
            except Unavailable as error:
                size = max(1, len(batch) // 2)  # what took too long is not tried again as it was
                if self._failed(error):
                    return
            else:
                size = min(_MOST_AT_ONCE, size * 2)
                self._written(batch)

    def _next(self, size: int) -> list[Note]:
        """The oldest that wait, once there are some; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            oldest = zip(self._waiting.items(), range(size), strict=False)
            return [(note, sent) for (note, (sent, _)), _ in oldest]

    def _failed(self, error: Unavailable) -> bool:
        """Pauses; whether to give up, because the process ends."""
        with self._changed:
            if not self._away:
                log.warning("submissions are noted later", reason=error.message, waiting=len(self._waiting))
            self._away = True
            _end(future for _, future in self._waiting.values())
            self._changed.wait_for(lambda: self._ending, _RETRY_SECONDS)
            return self._ending

    def _written(self, batch: Sequence[Note]) -> None:
        with self._changed:
            _end([self._waiting.pop(note)[1] for note, _ in batch if note in self._waiting])
            if self._away:
                log.info("submissions are noted again", waiting=len(self._waiting), left_out=self._dropped)
                self._away, self._dropped = False, 0


def _end(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
