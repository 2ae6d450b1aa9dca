"""Keeps the view of documents' states: reads the pipeline's outcomes, writes one record a document to MongoDB."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError, PyMongoError

from brevity.common.errors import Rejected
from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    SummaryCompleted,
    SummaryFailed,
    decode,
)
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings, MongoSettings
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.states import COLLECTION, Outcome, Update, update_of

log = get_logger(__name__)

GROUP = "brevity.ingest.view"
_MODELS: dict[str, type[Outcome]] = {
    model.topic: model for model in (DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed)
}
_RETRY_SECONDS = 1.0


class Projection:
    """Runs the subscriber in a thread with a loop of its own while the context is open."""

    def __init__(
        self, kafka: KafkaSettings, mongo: MongoSettings, metrics: IngestMetrics, *, group: str = GROUP
    ) -> None:
        self._kafka = kafka
        self._mongo = mongo
        self._metrics = metrics
        self._group = group
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="projection", daemon=True
        )
        self._stop = threading.Event()

    def __enter__(self) -> Projection:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(10)

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._subscribe()
            except Exception as error:  # noqa: BLE001 - the view must come back by itself; nothing was acknowledged
                log.warning("the view of states starts again", error=type(error).__name__, reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _subscribe(self) -> None:
        wait = int(self._mongo.timeout_seconds * 1000)
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            self._mongo.url.get_secret_value(), serverSelectionTimeoutMS=wait, timeoutMS=wait, w="majority"
        )
        collection = client[self._mongo.database][COLLECTION]
        broker = KafkaBroker(self._kafka.bootstrap_servers, logger=logging.getLogger(__name__))

        @broker.subscriber(
            *_MODELS,
            group_id=self._group,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            ack_policy=AckPolicy.MANUAL,
            decoder=_undecoded,
        )
        async def note(message: KafkaMessage) -> None:
            update = self._update(message)
            if update is not None and not await self._write(collection, update):
                return  # stopping: not acknowledged, so it is read again at the next start
            await message.ack()

        try:
            await broker.start()
            await asyncio.to_thread(self._stop.wait)
        finally:
            await broker.stop()
            await client.close()

    def _update(self, message: KafkaMessage) -> Update | None:
        raw: Any = message.raw_message
        record = Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value)
        try:
            return update_of(decode(_MODELS[record.topic], record))
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

    async def _write(self, collection: Any, update: Update) -> bool:
        """Try until it is written; False when the service stops before."""
        where, change = update
        while not self._stop.is_set():
            try:
                await collection.update_one(where, change, upsert=True)
                return True
            except DuplicateKeyError:
                return True  # what is there is as new or newer
            except PyMongoError as error:
                log.warning("the view of states waits for MongoDB", error=type(error).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
        return False


async def _undecoded(message: KafkaMessage) -> bytes:
    """The body as it is: a broken event must reach our own check instead of being dropped before it."""
    return bytes(message.body or b"")
