"""What the trainer reads: requests, drift alarms and feedback, in batches, acknowledged once they are kept."""

from __future__ import annotations

import asyncio

from brevity.common.errors import Rejected
from brevity.common.events import DriftDetected, FeedbackRecorded, TrainingRequested, decode
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.requests import Requests
from brevity.trainer.triggers.watch import Watch

log = get_logger(__name__)

GROUP = "brevity.trainer"
_MODELS = {model.topic: model for model in (TrainingRequested, DriftDetected, FeedbackRecorded)}


class Keeper:
    """Every effect is idempotent on the event's own id."""

    def __init__(self, requests: Requests, watch: Watch, metrics: TrainerMetrics) -> None:
        self._requests = requests
        self._watch = watch
        self._metrics = metrics

    async def keep(self, records: list[Record]) -> None:
        """Raises Unavailable when the store is away."""
        await asyncio.to_thread(self._keep, records)

    def _keep(self, records: list[Record]) -> None:
        drift: list[DriftDetected] = []
        feedback: dict[str, FeedbackRecorded | None] = {}  # the last word on each; None: erased
        for record in records:
            if record.value is None:
                if record.topic == FeedbackRecorded.topic and record.key:
                    feedback[record.key.decode("utf-8", "replace")] = None
                continue
            try:
                event = decode(_MODELS[record.topic], record)
            except Rejected as error:
                self._metrics.unreadable.labels(record.topic).inc()
                log.error("event left out", topic=record.topic, offset=record.offset, reason=error.message)
                continue
            match event:
                case TrainingRequested():
                    self._requests.take(event)
                case DriftDetected():
                    drift.append(event)
                case FeedbackRecorded():
                    feedback[event.feedback_id] = event
        self._watch.drifted(drift)
        self._watch.fed_back(
            [event for event in feedback.values() if event is not None],
            [name for name, event in feedback.items() if event is None],
        )


def event_consumer(kafka: KafkaSettings, keeper: Keeper, metrics: TrainerMetrics) -> BatchConsumer:
    return BatchConsumer(
        "brevity-trainer", kafka, GROUP, list(_MODELS), keeper.keep, Batching(), metrics.consumer
    )
