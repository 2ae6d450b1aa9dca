"""The trainer's place in MongoDB: its collections with their indexes."""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING
from pymongo.collection import Collection
from pymongo.database import Database

from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import mongo_client, translated
from brevity.common.storage.retention import keep_for

Document = dict[str, Any]
Jobs = Collection[Document]

JOBS, SIGNALS, EXAMPLES, PROMOTIONS = (
    "training_jobs",
    "training_signals",
    "training_examples",
    "model_promotions",
)


class Store:
    """The collections; calls block, and a Store may be shared between threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._client = mongo_client(settings, "trainer")
        self._database: Database[Document] = self._client[settings.database]
        self.jobs = self._database[JOBS]
        self.signals = self._database[SIGNALS]
        self.examples = self._database[EXAMPLES]
        self.promotions = self._database[PROMOTIONS]

    def prepare(self, *, days: int = 0) -> None:
        """Make the indexes; a document holds its model's slot while it runs or is unfinished, and a slot has one holder.

        Args:
            days: Ended jobs, occasions to train and examples are deleted after so many; 0 keeps them for ever.
        """
        with translated():
            # Sparse and not partial: the local stand-in for MongoDB forgets to take changed documents out of a partial one.
            self.jobs.create_index("slot", name="one_running", unique=True, sparse=True)
            self.jobs.create_index([("state", ASCENDING), ("requested_at", ASCENDING)])
            self.jobs.create_index([("requested_at", ASCENDING)])
            self.jobs.create_index([("model", ASCENDING), ("requested_at", ASCENDING)])
            self.jobs.create_index([("tenant", ASCENDING), ("requested_at", ASCENDING)])
            self.jobs.create_index([("model", ASCENDING), ("state", ASCENDING), ("requested_at", ASCENDING)])
            self.jobs.create_index([("model", ASCENDING), ("finished_at", ASCENDING)])
            self.jobs.create_index([("announced", ASCENDING)])
            self.promotions.create_index("slot", name="one_unfinished", unique=True, sparse=True)
            self.promotions.create_index([("model", ASCENDING), ("sequence", ASCENDING)], unique=True)
            self.promotions.create_index([("finished", ASCENDING), ("sequence", ASCENDING)])
            self.signals.create_index([("model", ASCENDING), ("settled", ASCENDING)])
            self.examples.create_index([("engine", ASCENDING), ("recorded_at", ASCENDING)])
            for collection, field in (
                (self.jobs, "finished_at"),
                (self.signals, "at"),
                (self.examples, "recorded_at"),
            ):
                keep_for(collection, field, days=days)

    def ping(self) -> None:
        """Raises Unavailable unless the store answers."""
        with translated():
            self._database.command("ping")

    def close(self) -> None:
        self._client.close()
