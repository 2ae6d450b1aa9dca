"""Keeps the view of documents' states: reads the pipeline's outcomes, writes one record a document to MongoDB, and erases it
when the document is forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

from brevity.common.errors import Rejected
from brevity.common.events import (
    DocumentAccepted,
    DocumentErased,
    DocumentRejected,
    ErasureConfirmed,
    SummaryCompleted,
    SummaryFailed,
    decode,
    record_time,
)
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings, MongoSettings
from brevity.common.storage.mongo import async_mongo_client
from brevity.ingest.erasing import Erasing
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.states import Outcome
from brevity.ingest.view import Seen, View

log = get_logger(__name__)

GROUP = "brevity.ingest.view"
_MODELS: dict[str, type[Outcome | DocumentErased]] = {
    model.topic: model
    for model in (DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed, DocumentErased)
}


class Projection:
    """Runs the consumer in a thread with a loop of its own while the context is open.

    Raises:
        Fatal: At once, for settings of Kafka that it cannot apply.
    """

    def __init__(
        self, kafka: KafkaSettings, mongo: MongoSettings, metrics: IngestMetrics, *, group: str = GROUP
    ) -> None:
        self._mongo = mongo
        self._metrics = metrics
        self._consumer = BatchConsumer(
            "brevity-ingest", kafka, group, list(_MODELS), self._keep, Batching(), metrics.view
        )
        self._view: Any = None
        self._erasing: Any = None
        self._producer = AcknowledgedProducer(kafka, ErasureConfirmed.topic)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="projection", daemon=True)

    def __enter__(self) -> Projection:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has ended already
            self._loop.call_soon_threadsafe(self._consumer.stop)
        self._thread.join(10)

    def _work(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        client = async_mongo_client(self._mongo, "ingest")
        self._view = View(client[self._mongo.database])
        self._erasing = Erasing(client[self._mongo.database], self._producer)
        try:
            await self._consumer.run()
        finally:
            await client.close()

    async def _keep(self, records: list[Record]) -> None:
        """Outcomes before erasures: what one batch holds of a document came before its end."""
        seen: list[Seen] = []
        erased: list[DocumentErased] = []
        for record in records:
            event = self._event(record)
            if isinstance(event, DocumentErased):
                erased.append(event)
            elif event is not None:
                seen.append((event, record_time(record)))
        await self._view.note(seen)
        for event in erased:
            await self._erasing.obey(event)

    def _event(self, record: Record) -> Outcome | DocumentErased | None:
        if record.value is None:
            return None  # an erased document
        try:
            return decode(_MODELS[record.topic], record)
        except Rejected as error:
            self._metrics.undecodable.labels(record.topic).inc()
            log.error(
                "event cannot be read",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                reason=error.message,
            )
            return None
