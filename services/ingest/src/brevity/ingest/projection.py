"""Keeps the view of documents' states: reads the pipeline's outcomes, writes one record a document to MongoDB."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterable
from typing import Any

from pymongo import AsyncMongoClient, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    SummaryCompleted,
    SummaryFailed,
    decode,
)
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings, MongoSettings
from brevity.ingest.claims import COLLECTION as CLAIMS
from brevity.ingest.claims import settled
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.states import COLLECTION, Outcome, Update, update_of

log = get_logger(__name__)

GROUP = "brevity.ingest.view"
_MODELS: dict[str, type[Outcome]] = {
    model.topic: model for model in (DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed)
}
_DUPLICATE_KEY = 11000


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
        self._database: Any = None
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
        wait = int(self._mongo.timeout_seconds * 1000)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self._mongo.url.get_secret_value(), serverSelectionTimeoutMS=wait, timeoutMS=wait, w="majority"
        )
        self._database = client[self._mongo.database]
        try:
            await self._consumer.run()
        finally:
            await client.close()

    async def _keep(self, records: list[Record]) -> None:
        events = [event for record in records if (event := self._event(record)) is not None]
        updates = newest(update for event in events if (update := update_of(event)) is not None)
        await self._write(COLLECTION, [UpdateOne(where, change, upsert=True) for where, change in updates])
        await self._write(CLAIMS, [change for event in events if (change := settled(event)) is not None])

    async def _write(self, collection: str, operations: list[UpdateOne]) -> None:
        if not operations:
            return
        try:
            await self._database[collection].bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            details: Any = error.details or {}
            failures = [one for one in details.get("writeErrors", ()) if one.get("code") != _DUPLICATE_KEY]
            if failures or details.get("writeConcernErrors"):
                raise Unavailable(f"MongoDB refuses {len(failures)} writes", code="mongo") from error
            # What is left is there already, as new or newer.
        except PyMongoError as error:
            raise Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo") from error

    def _event(self, record: Record) -> Outcome | None:
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


def newest(updates: Iterable[Update]) -> list[Update]:
    """One update a document, that with the highest order number."""
    found: dict[str, Update] = {}
    for where, change in updates:
        name, order = where["_id"], change["$set"]["order"]
        if name not in found or order > found[name][1]["$set"]["order"]:
            found[name] = (where, change)
    return list(found.values())
