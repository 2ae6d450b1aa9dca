"""The ledger in MongoDB: promotions and reports word for word, under their own ids, kept for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pymongo import UpdateOne

from brevity.common.events import ModelPromoted, ModelServed
from brevity.common.storage.mongo import translated
from brevity.feedback.ledger.entries import Entry, entry_of
from brevity.feedback.mongo import collections as names

PROMOTIONS = "feedback_promotions"
REPORTS = "feedback_model_reports"
SCHEMA_VERSION = 1


class LedgerStore:
    """All calls raise Unavailable when the store is away."""

    def __init__(self, database: names.Database) -> None:
        self._promotions = database[PROMOTIONS]
        self._reports = database[REPORTS]

    async def prepare(self) -> None:
        """Make the indexes; safe to repeat."""
        with translated():
            await self._promotions.create_index([("engine", 1), ("promoted_at", 1)], name="time")
            await self._reports.create_index([("promotion_id", 1)], name="promotion")

    async def save(self, promotions: Sequence[ModelPromoted], reports: Sequence[ModelServed]) -> None:
        """Keep what is not there yet; safe to repeat."""
        first = [
            UpdateOne(
                {"_id": event.promotion_id},
                {
                    "$setOnInsert": {
                        "schema_version": SCHEMA_VERSION,
                        "engine": event.engine,
                        "promoted_at": event.promoted_at,
                        "event": event.to_json().decode(),
                    }
                },
                upsert=True,
            )
            for event in promotions
        ]
        second = [
            UpdateOne(
                {"_id": event.report_id},
                {
                    "$setOnInsert": {
                        "schema_version": SCHEMA_VERSION,
                        "promotion_id": event.promotion_id,
                        "reported_at": event.reported_at,
                        "event": event.to_json().decode(),
                    }
                },
                upsert=True,
            )
            for event in reports
        ]
        with translated():
            if first:
                await self._promotions.bulk_write(first, ordered=False)
            if second:
                await self._reports.bulk_write(second, ordered=False)

    async def entries(self) -> list[Entry]:
        """Every promotion there ever was, oldest first."""
        with translated():
            promoted = await self._promotions.find({}).to_list()
            reported = await self._reports.find({}).sort([("reported_at", 1)]).to_list()
        promotions = {
            record["_id"]: ModelPromoted.model_validate_json(record["event"]) for record in promoted
        }
        reports: dict[str, list[ModelServed]] = defaultdict(list)
        for record in reported:
            reports[record["promotion_id"]].append(ModelServed.model_validate_json(record["event"]))
        found = [entry_of(promotions.get(name), reports.get(name, [])) for name in {*promotions, *reports}]
        return sorted(
            (entry for entry in found if entry is not None),
            key=lambda entry: (entry.promoted_at, entry.promotion_id),
        )
