"""Writing what the pipeline said: a batch is one bulk of upserts a collection, on deterministic ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne

from brevity.common.events import DocumentAccepted, SummaryCompleted
from brevity.common.events.versions import version_of
from brevity.common.storage.mongo import translated
from brevity.feedback.model import PipelineEvent, Unreadable
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.bulk import bulk
from brevity.feedback.mongo.days import touches
from brevity.feedback.mongo.kinds import kind_id, seen
from brevity.feedback.mongo.records import of_document, of_outcome, of_summary, of_unreadable, within

Told = tuple[PipelineEvent, datetime]
"""An event and when it was written."""


class PipelineWrites:
    def __init__(self, database: names.Database) -> None:
        self._database = database

    async def save(self, events: Sequence[PipelineEvent], seen: Sequence[datetime] | None = None) -> None:
        """See the port. Erasures are looked up before and after the write: whichever of an erasure and a write that
        are under way at once comes last, sees the other."""
        now = datetime.now(UTC)
        told = list(zip(events, seen or [now] * len(events), strict=True))
        with translated():
            kept = await self._not_erased(told)
            await self._write(kept, now)
            left = {id(event) for event, _ in await self._not_erased(kept)}
            for event, _ in kept:
                if id(event) not in left:
                    collection, name, _ = _record(event)
                    await self._database[collection].delete_one({"_id": name})
            made = [event for event, _ in kept if isinstance(event, SummaryCompleted)]
            await bulk(self._database, names.DAYS, touches((e.tenant, e.submitted_at) for e in made))

    async def save_unreadable(self, records: Sequence[Unreadable]) -> None:
        now = datetime.now(UTC)
        with translated():
            writes = [
                UpdateOne({"_id": name}, {"$setOnInsert": {**fields, "stored_at": now}}, upsert=True)
                for name, fields in map(of_unreadable, records)
            ]
            await bulk(self._database, names.UNREADABLE, writes)

    async def _write(self, told: Sequence[Told], now: datetime) -> None:
        writes: dict[str, list[UpdateOne]] = {}
        latest: dict[tuple[str, ...], datetime] = {}
        for event, written in told:
            collection, name, fields = _record(event)
            if isinstance(event, SummaryCompleted):
                latest[kind_id(event)] = max(
                    latest.get(kind_id(event), event.submitted_at), event.submitted_at
                )
            update: dict[str, Any] = {
                "$setOnInsert": {**fields, "stored_at": now},
                # One for each submission that ended here: a text may be sent again, and be summarized once more.
                "$addToSet": {"versions": version_of(event, written)._asdict()},
            }
            if isinstance(event, DocumentAccepted):
                # Another summary of the same text may be asked for later: the text is kept as long as that one.
                update["$max"] = {"last_submitted_at": event.submitted_at}
            writes.setdefault(collection, []).append(UpdateOne({"_id": name}, update, upsert=True))
        # Before the summaries: a kind that is named too early is harmless, one that never is would be missed.
        await bulk(self._database, names.KINDS, [seen(kind, at) for kind, at in latest.items()])
        for collection, updates in writes.items():
            await bulk(self._database, collection, updates)

    async def _not_erased(self, told: Sequence[Told]) -> list[Told]:
        ids = {
            within(event.tenant, event.document_id) for event, _ in told if event.tenant and event.document_id
        }
        if not ids:
            return list(told)
        found = self._database[names.ERASURES].find({"_id": {"$in": sorted(ids)}})
        erased: dict[str, datetime] = {record["_id"]: record["erased_at"] async for record in found}
        if not erased:
            return list(told)
        return [(event, seen) for event, seen in told if not _erased(event, seen, erased)]


def _record(event: PipelineEvent) -> tuple[str, str, dict[str, Any]]:
    match event:
        case DocumentAccepted():
            return names.DOCUMENTS, *of_document(event)
        case SummaryCompleted():
            return names.SUMMARIES, *of_summary(event)
        case _:
            return names.OUTCOMES, *of_outcome(event)


def _erased(event: PipelineEvent, seen: datetime, erased: dict[str, datetime]) -> bool:
    if event.tenant is None or event.document_id is None:
        return False
    at = erased.get(within(event.tenant, event.document_id))
    return at is not None and min(event.submitted_at, seen) <= at
