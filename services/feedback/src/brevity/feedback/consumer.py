"""Reads the pipeline's outcomes in batches and writes each batch to the store before it is acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed, decode
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.feedback.kafka_client import security_of
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.model import PipelineEvent, Unreadable
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

log = get_logger(__name__)

GROUP = "brevity.feedback"
_MODELS: dict[str, type[PipelineEvent]] = {
    model.topic: model for model in (DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed)
}
_RETRY_SECONDS = 1.0
_LARGEST_FETCH_BYTES = 4 << 20  # above the topics' own limit on a record


class Consumer:
    """At least once: an offset is committed after the store has acknowledged all before it. Kafka or the store away:
    it waits and goes on."""

    def __init__(
        self,
        kafka: KafkaSettings,
        repository: Repository,
        settings: FeedbackBlock,
        metrics: FeedbackMetrics,
        *,
        group: str = GROUP,
    ) -> None:
        self._kafka = kafka
        self._security = security_of(kafka.client_config)
        self._repository = repository
        self._settings = settings
        self._metrics = metrics
        self._group = group
        self._stopping = asyncio.Event()
        self._consumer: Any = None
        self._turned = time.monotonic()

    def heartbeat_age_seconds(self) -> float:
        return time.monotonic() - self._turned

    async def ping(self) -> None:
        """Raises Unavailable unless the broker answers this consumer."""
        if self._consumer is None:
            raise Unavailable("the consumer is not connected", code="kafka")
        await self._consumer.topics()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
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
            self._kafka.bootstrap_servers,
            security=self._security,
            client_id="brevity-feedback",
            allow_auto_create_topics=False,
            graceful_timeout=20.0,
            logger=logging.getLogger(__name__),
            log_level=logging.DEBUG,
        )
        subscriber = broker.subscriber(
            *_MODELS,
            batch=True,
            max_records=self._settings.batch_records,
            batch_timeout_ms=int(self._settings.batch_wait_seconds * 1000),
            group_id=self._group,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=_LARGEST_FETCH_BYTES,
            ack_policy=AckPolicy.MANUAL,
            parser=_parsed,
            decoder=_undecoded,
        )

        @subscriber
        async def keep(message: KafkaMessage) -> None:
            raw: Any = message.raw_message
            if await self.keep([_record(item) for item in raw]):
                await message.ack()

        try:
            await broker.start()
            self._consumer = subscriber.consumer
            while not self._stopping.is_set():
                self._turned = time.monotonic()
                await self._pause()
        finally:
            self._consumer = None
            await broker.stop()

    async def keep(self, records: list[Record]) -> bool:
        """Write `records`, however long it takes; False when the service stops before."""
        began = time.perf_counter()
        events: list[tuple[Record, PipelineEvent]] = []
        unreadable: list[Unreadable] = []
        for record in records:
            if record.value is None:
                self._metrics.tombstones.labels(record.topic).inc()
                continue
            try:
                events.append((record, decode(_MODELS[record.topic], record)))
            except Rejected as error:
                unreadable.append(self._set_aside(record, error))
        if not await self._insist(events, unreadable):
            return False
        for record, _ in events:
            self._metrics.events.labels(record.topic).inc()
        self._metrics.batch_records.observe(len(records))
        self._metrics.batch_seconds.observe(time.perf_counter() - began)
        return True

    async def _insist(self, events: list[tuple[Record, PipelineEvent]], unreadable: list[Unreadable]) -> bool:
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            try:
                await self._write(events, unreadable)
                return True
            except Unavailable as error:
                log.warning("the consumer waits for the store", reason=error.message, records=len(events))
                await self._pause()
        return False

    async def _write(self, events: list[tuple[Record, PipelineEvent]], unreadable: list[Unreadable]) -> None:
        refused: list[Unreadable] = []
        try:
            await self._repository.save([event for _, event in events])
        except Rejected:
            for record, event in events:  # one of them: find it, keep the others
                try:
                    await self._repository.save([event])
                except Rejected as error:
                    refused.append(self._set_aside(record, error))
        if unreadable or refused:
            await self._repository.save_unreadable([*unreadable, *refused])

    def _set_aside(self, record: Record, error: Rejected) -> Unreadable:
        self._metrics.unreadable.labels(record.topic, error.code).inc()
        log.error(
            "event set aside",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            code=error.code,
            reason=error.message,
        )
        return Unreadable(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=record.key,
            value=record.value or b"",
            code=error.code,
            message=error.message,
        )

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), _RETRY_SECONDS)


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
