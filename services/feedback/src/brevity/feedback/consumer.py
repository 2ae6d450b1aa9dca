"""Reads the pipeline's outcomes in batches and writes each batch to the store before it is acknowledged."""

from __future__ import annotations

import time

from brevity.common.errors import Rejected
from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    SummaryCompleted,
    SummaryFailed,
    decode,
    record_time,
)
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.model import PipelineEvent, Unreadable
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

log = get_logger(__name__)

GROUP = "brevity.feedback"
_MODELS: dict[str, type[PipelineEvent]] = {
    model.topic: model for model in (DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed)
}


class Keeper:
    """Writes records to the store; what cannot be read is set aside there, with its bytes."""

    def __init__(self, repository: Repository, metrics: FeedbackMetrics) -> None:
        self._repository = repository
        self._metrics = metrics

    async def keep(self, records: list[Record]) -> None:
        """Safe to repeat. Raises Unavailable when the store is away."""
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
                unreadable.append(_set_aside(record, error))
        unreadable += await self._save(events)
        if unreadable:
            await self._repository.save_unreadable(unreadable)
        for item in unreadable:
            self._metrics.unreadable.labels(item.topic, item.code).inc()
        for record, _ in events:
            self._metrics.events.labels(record.topic).inc()
        self._metrics.batch_records.observe(len(records))
        self._metrics.batch_seconds.observe(time.perf_counter() - began)

    async def _save(self, events: list[tuple[Record, PipelineEvent]]) -> list[Unreadable]:
        try:
            await self._repository.save(
                [event for _, event in events], [record_time(record) for record, _ in events]
            )
        except Rejected:
            pass  # one of them: find it, keep the others
        else:
            return []
        refused: list[Unreadable] = []
        for record, event in events:
            try:
                await self._repository.save([event], [record_time(record)])
            except Rejected as error:
                refused.append(_set_aside(record, error))
        return refused


def outcome_consumer(
    kafka: KafkaSettings,
    repository: Repository,
    settings: FeedbackBlock,
    metrics: FeedbackMetrics,
    *,
    group: str = GROUP,
) -> BatchConsumer:
    """The consumer that fills the store."""
    return BatchConsumer(
        "brevity-feedback",
        kafka,
        group,
        list(_MODELS),
        Keeper(repository, metrics).keep,
        Batching(settings.batch_records, settings.batch_wait_seconds),
        metrics.consumer,
    )


def _set_aside(record: Record, error: Rejected) -> Unreadable:
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
