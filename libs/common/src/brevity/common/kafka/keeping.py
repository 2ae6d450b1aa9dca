"""Gets records into a store that is slow, away, or at odds with one of them. No Kafka here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

from brevity.common.errors import BrevityError, Rejected, Unavailable
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_RETRY_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 8.0
_TRIES = 3

Keep = Callable[[list[Record]], Awaitable[None]]
"""Keeps records, of which it may have been given some before. Raises Unavailable while the store is away or slow, and
Rejected when a record among them is one that the store does not take."""


class Keeping:
    """Keeps records, in order, until all are kept but those that cannot be.

    What the store did not take in time is never sent again as it was: the next piece is half of it, after a pause that
    grows, for the store may still be at work on the one that was given up. Pieces grow again with success. `Unavailable`
    is waited out, however long it takes. A single record that is Rejected is left out; so is one that ends in another error
    three times while another record of its topic passes. What is left out is counted and logged.

    Args:
        most: Records in a piece.
        stopping: Set when waiting is to end.
        beat: Called at each try.
    """

    def __init__(
        self,
        keep: Keep,
        most: int,
        metrics: ConsumerMetrics,
        stopping: asyncio.Event,
        beat: Callable[[], None],
    ) -> None:
        self._keep = keep
        self._most = self._piece = most
        self._metrics = metrics
        self._stopping = stopping
        self._beat = beat
        self._passed: dict[str, Record] = {}  # by topic, the last one

    async def all(self, records: Sequence[Record]) -> bool:
        """False when stopped before its end."""
        left, failures, doubts = list(records), 0, 0
        while left and not self._stopping.is_set():
            self._beat()
            piece = left[: self._piece]
            error = await self._error_of(piece)
            if error is None:
                self._tell_kept(piece)
                left, failures, doubts = left[len(piece) :], 0, 0
                self._piece = min(self._most, self._piece * 2)
                continue
            self._piece = max(1, len(piece) // 2)
            if not isinstance(error, Unavailable):
                if len(piece) > 1:
                    continue  # one of them: the store need not be waited for
                doubts += await self._others_pass(left)
                if isinstance(error, Rejected) or doubts >= _TRIES:
                    self._leave_out(piece[0], error)
                    left, failures, doubts = left[1:], 0, 0
                    continue
            await self._wait(error, len(piece), failures)
            failures += 1
        return not left

    async def _error_of(self, piece: list[Record]) -> Exception | None:
        try:
            await self._keep(piece)
        except Exception as error:  # noqa: BLE001 - whatever it is, one record must not stop the others
            return error
        return None

    async def _others_pass(self, left: Sequence[Record]) -> bool:
        """Whether another record of the first one's topic passes now, which may be kept once more by it."""
        first = left[0]
        others = (
            r for r in left[1:] if r.topic == first.topic and r.key != first.key and r.value is not None
        )
        other = next(others, self._passed.get(first.topic))
        return other is not None and await self._error_of([other]) is None

    def _tell_kept(self, piece: Sequence[Record]) -> None:
        for record in piece:
            if record.value is not None:
                self._passed[record.topic] = record
            late = time.time() - record.timestamp_ms / 1000
            self._metrics.end_to_end_seconds.observe(max(0.0, late))

    def _leave_out(self, record: Record, error: Exception) -> None:
        code = error.code if isinstance(error, BrevityError) else "unexpected_error"
        self._metrics.left_out.labels(record.topic, code).inc()
        log.error(
            "a record is left out: it cannot be kept",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=code,
            reason=str(error) if isinstance(error, BrevityError) else type(error).__name__,
            exc_info=None if isinstance(error, BrevityError) else error,
        )

    async def _wait(self, error: Exception, records: int, failures: int) -> None:
        pause = min(_RETRY_SECONDS * 2**failures, _LONGEST_PAUSE_SECONDS)
        self._metrics.retries.labels(
            error.code if isinstance(error, BrevityError) else "unexpected_error"
        ).inc()
        log.warning(
            "the consumer waits for the store",
            reason=error.message if isinstance(error, BrevityError) else type(error).__name__,
            records=records,
            next_records=self._piece,
            pause_seconds=pause,
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), pause)
