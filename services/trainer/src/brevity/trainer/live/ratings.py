"""Ratings in the trainer's store, from `feedback.recorded`: one for each reviewer and summary, the first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry
from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne
from pymongo.database import Database

from brevity.common.errors import Rejected
from brevity.common.events import FeedbackRecorded, decode
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.settings import KafkaSettings
from brevity.common.storage.mongo import translated
from brevity.common.storage.retention import keep_for
from brevity.trainer.live.sequential import Rating

COLLECTION = "training_ratings"
GROUP = "brevity.trainer.ratings"
MOST = 5_000
"""Ratings of one version that are looked at: a difference that these do not show is none to roll back for."""


class Ratings:
    """Calls block and raise Unavailable; keeping the same records again changes nothing."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._ratings = database[COLLECTION]

    def prepare(self, *, days: int = 0) -> None:
        """Make the index, and have ratings deleted after `days` (0: never); safe to repeat."""
        with translated():
            self._ratings.create_index(
                [("model_version", ASCENDING), ("recorded_at", ASCENDING), ("_id", ASCENDING)]
            )
            keep_for(self._ratings, "recorded_at", days=days)

    def keep(self, records: Sequence[Record]) -> None:
        """Keep the ratings among `records`; a tombstone erases one."""
        writes: list[UpdateOne | DeleteOne] = []
        for record in records:
            if record.value is None:
                writes.append(DeleteOne({"_id": (record.key or b"").decode("utf-8", "replace")}))
                continue
            try:
                event = decode(FeedbackRecorded, record)
            except Rejected:
                continue  # the trainer's other consumer says so
            if event.rating is not None:
                fields = {
                    "model_version": event.model_version,
                    "summary": f"{event.tenant}/{event.summary_id}",
                    "reviewer": event.reviewer,
                    "rating": event.rating,
                    "recorded_at": event.recorded_at,
                }
                writes.append(UpdateOne({"_id": event.feedback_id}, {"$setOnInsert": fields}, upsert=True))
        if writes:
            with translated():
                self._ratings.bulk_write(writes)

    def after(self, model_version: str, instant: datetime) -> list[Rating]:
        """Ratings of a version since `instant`, in their order."""
        return self._read(model_version, {"$gt": instant}, ASCENDING)

    def around(self, model_version: str, instant: datetime) -> list[Rating]:
        """Ratings of a version for comparison: those before `instant`, the latest first, then those after it.

        A new rating goes to the end, so that no pair changes that was compared before.
        """
        before = self._read(model_version, {"$lte": instant}, DESCENDING)
        return before + self.after(model_version, instant)

    def _read(self, model_version: str, when: dict[str, datetime], order: int) -> list[Rating]:
        with translated():
            found = list(
                self._ratings.find({"model_version": model_version, "recorded_at": when})
                .sort([("recorded_at", order), ("_id", order)])
                .limit(MOST)
            )
        first: dict[tuple[str, str], Rating] = {}
        for item in found:
            first.setdefault((item["summary"], item["reviewer"]), item["rating"])
        return list(first.values())


def ratings_consumer(
    kafka: KafkaSettings, ratings: Ratings, *, group: str = GROUP, registry: CollectorRegistry = REGISTRY
) -> BatchConsumer:
    """The consumer that keeps ratings; make it once in a process for each registry."""

    async def keep(records: list[Record]) -> None:
        await asyncio.to_thread(ratings.keep, records)

    metrics = ConsumerMetrics("trainer_ratings", registry)
    return BatchConsumer(
        "brevity-trainer-ratings", kafka, group, [FeedbackRecorded.topic], keep, Batching(), metrics
    )
