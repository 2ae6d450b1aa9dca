"""One instance at a time reads the topics, observes, and publishes what it finds; another takes over when it is silent."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import replace

from brevity.common.errors import Fatal, Rejected, Unavailable
from brevity.common.events import (
    DocumentAccepted,
    FeedbackRecorded,
    SummaryCompleted,
    decode,
    encode,
)
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.common.storage.objects import ObjectStore
from brevity.feedback.drift import Alarm, Watch
from brevity.feedback.drift_settings import DriftBlock
from brevity.feedback.mongo.drift import DriftStore, SavedDrift, Watched
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.feedback.monitoring.metrics import DriftMetrics
from brevity.feedback.monitoring.reader import TopicReader
from brevity.feedback.monitoring.reference import TrainingWindows

log = get_logger(__name__)

TOPICS = (DocumentAccepted.topic, SummaryCompleted.topic, FeedbackRecorded.topic)
_BATCH = 200
_WAIT_SECONDS = 0.5
_RETRY_SECONDS = 1.0
_ASK_AGAIN_SECONDS = 60.0


class DriftMonitor:
    """State, places in the topics and alarms to be published are saved as one (ADR 14): after a crash the successor
    reads again what was not saved, and publishes again what may not have been, under the same ids."""

    def __init__(
        self,
        kafka: KafkaSettings,
        store: DriftStore,
        objects: ObjectStore,
        producer: AcknowledgedProducer,
        settings: DriftBlock,
        metrics: DriftMetrics,
        *,
        series: DriftSeries,
        windows: TrainingWindows,
        max_text_bytes: int,
    ) -> None:
        self._kafka = kafka
        self._store = store
        self._objects = objects
        self._producer = producer
        self._settings = settings
        self._metrics = metrics
        self._series = series
        self._windows = windows
        self._ask_at = 0.0
        self._max_text_bytes = max_text_bytes
        self._owner = uuid.uuid4().hex
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` save and return."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`; with Kafka or the store away, or another instance at work, it waits and tries again."""
        while not self._stopping.is_set():
            try:
                saved = await self._store.hold(self._owner, self._settings.lease_seconds)
                if saved is not None:
                    await self._lead(saved)
            except Unavailable as error:
                log.warning("the drift monitors wait", reason=error.message, code=error.code)
            except Fatal as error:
                log.error("the drift monitors stand still", reason=error.message, remedy=error.remedy)
            except Exception as error:  # nothing unsaved counts: starting again loses nothing
                log.error("the drift monitors start again", error=type(error).__name__, exc_info=error)
            finally:
                self._metrics.leading.set(0)
            await self._pause()

    async def _lead(self, saved: SavedDrift) -> None:
        settings = self._settings.monitors()
        watch = Watch(settings) if saved.state is None else Watch.from_json(saved.state, settings)
        await self._publish(saved)
        reader = await asyncio.to_thread(TopicReader, self._kafka, TOPICS, saved.places)
        self._metrics.leading.set(1)
        log.info("the drift monitors are at work", model_version=watch.model_version)
        try:
            await self._observe(watch, reader, replace(saved, unpublished=()))
            await self._store.release(self._owner)
        finally:
            await asyncio.to_thread(reader.close)

    async def _observe(self, watch: Watch, reader: TopicReader, saved: SavedDrift) -> None:
        due = time.monotonic() + self._settings.save_seconds
        places = dict(saved.places)
        while True:
            stopping = self._stopping.is_set()
            records = [] if stopping else await asyncio.to_thread(reader.read, _BATCH, _WAIT_SECONDS)
            alarms = await asyncio.to_thread(self._take, watch, records)
            if not stopping:
                await self._refer(watch)
            for record in records:
                place = (record.topic, record.partition)
                places[place] = max(places.get(place, 0), record.offset + 1)
            for family, share in watch.evidence().items():
                self._metrics.evidence.labels(family).set(share)
            if alarms or stopping or time.monotonic() >= due:
                events = [alarm.event() for alarm in alarms]
                saved = await self._save(watch, replace(saved, places=dict(places), unpublished=events))
                await self._publish(saved)
                for alarm in alarms:
                    self._said(alarm)
                due = time.monotonic() + self._settings.save_seconds
            if stopping:
                return

    async def _save(self, watch: Watch, saved: SavedDrift) -> SavedDrift:
        with self._metrics.save_seconds.time():
            await self._series.keep(watch.points())
            watch.points_kept()
            state = await asyncio.to_thread(watch.to_json)
            watched = Watched(
                model_version=watch.model_version,
                beside=list(watch.beside),
                reference="training" if watch.trained_documents else "first_documents",
                training_documents=watch.trained_documents,
            )
            return await self._store.save(
                self._owner, replace(saved, state=state, watched=watched), self._settings.lease_seconds
            )

    async def _refer(self, watch: Watch) -> None:
        """Ask what the version in service was trained on; with the trainer away go on, and ask again in a while."""
        version = watch.reference_wanted
        if version is None or time.monotonic() < self._ask_at:
            return
        try:
            documents = await self._windows.of(version)
        except Unavailable as error:
            self._ask_at = time.monotonic() + _ASK_AGAIN_SECONDS
            log.info("the training window is not known yet", model_version=version, reason=error.message)
            return
        watch.refer(documents)
        log.info(
            "the input is compared with "
            + ("the training window" if watch.trained_documents else "the first documents"),
            model_version=version,
            documents=watch.trained_documents,
        )

    async def _publish(self, saved: SavedDrift) -> None:
        if not saved.unpublished:
            return
        records = [encode(event, source="feedback", time=event.detected_at) for event in saved.unpublished]
        await asyncio.to_thread(self._producer.send, records)
        await self._store.published(self._owner, saved.revision, saved.unpublished)

    def _said(self, alarm: Alarm) -> None:
        scope = "group" if alarm.tenant else "all"
        self._metrics.alarms.labels(alarm.monitor, scope).inc()
        log.warning(
            "drift detected",
            monitor=alarm.monitor,
            drift_id=alarm.drift_id,
            model_version=alarm.model_version,
            detail=alarm.message,
        )

    def _take(self, watch: Watch, records: list[Record]) -> list[Alarm]:
        """In a worker thread: a batch takes some tenths of a second."""
        alarms: list[Alarm] = []
        for record in records:
            if record.value is None:
                continue  # an erasure: what was counted of it is no more than counts
            try:
                alarms += self._one(watch, record)
            except Rejected:
                self._metrics.skipped.labels(record.topic).inc()
            else:
                self._metrics.observed.labels(record.topic).inc()
        return alarms

    def _one(self, watch: Watch, record: Record) -> list[Alarm]:
        if record.topic == SummaryCompleted.topic:
            return watch.summary(decode(SummaryCompleted, record))
        if record.topic == FeedbackRecorded.topic:
            return watch.feedback(decode(FeedbackRecorded, record))
        document = decode(DocumentAccepted, record)
        return watch.document(document, self._text(document))

    def _text(self, document: DocumentAccepted) -> str:
        """Raises Rejected when the text is gone."""
        if document.text_ref is None:
            return document.text or ""
        reference = document.text_ref
        data = self._objects.get(
            reference.object_key, max_bytes=self._max_text_bytes, bucket=reference.bucket
        )
        return data.decode("utf-8", "replace")

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), _RETRY_SECONDS)
