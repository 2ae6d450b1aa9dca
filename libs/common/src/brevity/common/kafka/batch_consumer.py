"""An at-least-once consumer on FastStream and aiokafka: batches of records, acknowledged once they are kept.

For effects that are idempotent, such as an upsert into a store. What must happen exactly once is a `Stage`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.errors import KafkaError  # pyright: ignore[reportMissingTypeStubs]
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from brevity.common.errors import Unavailable
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.kafka.security import security_of
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

_RETRY_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 8.0
_LARGEST_FETCH_BYTES = 4 << 20  # above the topics' own limit on a record

Keep = Callable[[list[Record]], Awaitable[None]]
"""Keeps records, of which it may have been given some before. Raises Unavailable to be called again a little later, with
fewer."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How much is read as one batch, and how long a batch may wait to fill."""

    records: int = 500
    wait_seconds: float = 0.2


class BatchConsumer:
    """An offset is committed after all records before it are kept. Kafka or the store away: it waits and goes on.

    Runs on one event loop; `stop` is to be called on it.

    Args:
        name: The client's name, as brokers log it.
    """

    def __init__(
        self,
        name: str,
        kafka: KafkaSettings,
        group: str,
        topics: Sequence[str],
        keep: Keep,
        batching: Batching,
        metrics: ConsumerMetrics,
    ) -> None:
        self._name = name
        self._kafka = kafka
        self._security = security_of(kafka.client_config)
        self._group = group
        self._topics = topics
        self._keep = keep
        self._batching = batching
        self._piece = batching.records
        self._metrics = metrics
        self._in_work: Counter[str] = Counter()  # records by topic
        self._stopping = asyncio.Event()
        self._consumer: Any = None
        self._turned = time.monotonic()

    def heartbeat_age_seconds(self) -> float:
        """Seconds since it last did something, waiting included."""
        return time.monotonic() - self._turned

    async def ping(self) -> None:
        """Raises Unavailable unless the broker answers this consumer."""
        if self._consumer is None:
            raise Unavailable("the consumer is not connected", code="kafka")
        await self._consumer.topics()

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask `run` to finish; what is not kept by then is read again at the next start."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`; whatever breaks, it starts again from what was acknowledged."""
        while not self._stopping.is_set():
            try:
                await self._subscribe()
            except Exception as error:  # noqa: BLE001 - nothing was acknowledged: starting again loses nothing
                log.warning("the consumer starts again", error=type(error).__name__, reason=str(error))
            self._turned = time.monotonic()
            await self._pause()

    async def _subscribe(self) -> None:
        broker = KafkaBroker(
            self._kafka.addresses,
            security=self._security,
            client_id=self._name,
            allow_auto_create_topics=False,
            graceful_timeout=20.0,
            logger=logging.getLogger(__name__),
            log_level=logging.DEBUG,
        )
        subscriber = broker.subscriber(
            *self._topics,
            batch=True,
            max_records=self._batching.records,
            batch_timeout_ms=int(self._batching.wait_seconds * 1000),
            group_id=self._group,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=_LARGEST_FETCH_BYTES,
            ack_policy=AckPolicy.MANUAL,
            parser=_parsed,
            decoder=_undecoded,
        )

        async def take(message: KafkaMessage) -> None:
            raw: Any = message.raw_message
            records = [_record(item) for item in raw]
            self._in_work.update(record.topic for record in records)
            try:
                if await self._insist(records):
                    await message.ack()
            finally:
                self._in_work.clear()

        subscriber(take)
        try:
            await broker.start()
            self._consumer = subscriber.consumer
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                await self._measure()
                await self._pause()
        finally:
            self._consumer = None
            await broker.stop()

    async def _insist(self, records: list[Record]) -> bool:
        """Until `records` are kept, however long it takes; False when stopped before.

        What the store did not take in time is never sent again as it was: the next piece is half of it, after a pause
        that grows, for the store may still be at work on the one that was given up. Pieces grow again with success.
        """
        left, failures = records, 0
        while left and not self._stopping.is_set():
            self._turned = time.monotonic()
            piece = left[: self._piece]
            try:
                await self._keep(piece)
            except Unavailable as error:
                self._metrics.retries.labels(error.code).inc()
                self._piece = max(1, len(piece) // 2)
                pause = min(_RETRY_SECONDS * 2**failures, _LONGEST_PAUSE_SECONDS)
                failures += 1
                log.warning(
                    "the consumer waits for the store",
                    reason=error.message,
                    records=len(piece),
                    next_records=self._piece,
                    pause_seconds=pause,
                )
                await self._pause(pause)
                continue
            failures = 0
            left = left[len(piece) :]
            self._piece = min(self._batching.records, self._piece * 2)
            for record in piece:
                late = time.time() - record.timestamp_ms / 1000
                self._metrics.end_to_end_seconds.observe(max(0.0, late))
        return not left

    async def _measure(self) -> None:
        behind = Counter(self._in_work)
        for place in self._consumer.assignment():
            end = self._consumer.highwater(place)
            if end is None:
                continue  # nothing was fetched yet
            with contextlib.suppress(KafkaError):  # it has just been taken away
                behind[place.topic] += max(0, end - await self._consumer.position(place))
        for topic in self._topics:
            self._metrics.lag.labels(topic).set(behind[topic])
        self._metrics.in_flight.set(sum(self._in_work.values()))

    async def _pause(self, seconds: float = _RETRY_SECONDS) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _record(raw: Any) -> Record:
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, tuple(raw.headers), raw.timestamp)


async def _parsed(records: Any, original: Any) -> Any:
    """FastStream decodes headers as UTF-8 before anyone can stop it, and a batch that fails there is lost with the
    next acknowledgement: it gets records without headers, and we keep the real ones."""
    message = await original(tuple(replace(record, headers=()) for record in records))
    message.raw_message = records
    return message


async def _undecoded(message: Any) -> list[bytes]:
    """The bodies as they are: a broken event must reach our own check instead of being dropped before it."""
    return list(message.body)
