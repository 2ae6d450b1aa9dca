"""Reading summaries, documents and outcomes of one tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brevity.common.events.versions import Version, newest
from brevity.common.storage.mongo import translated
from brevity.feedback.cursor import from_cursor, to_cursor
from brevity.feedback.model import (
    Change,
    Heard,
    Page,
    StoredDocument,
    StoredOutcome,
    StoredSummary,
    SummaryFilter,
)
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.query import query_of
from brevity.feedback.mongo.records import document_from, heard, outcome_from, summary_from, within


class Reading:
    def __init__(self, database: names.Database) -> None:
        self._database = database

    async def summaries(
        self, tenant: str, wanted: SummaryFilter, *, limit: int, cursor: str | None = None
    ) -> Page[StoredSummary]:
        after = None
        if cursor is not None:
            at, name = from_cursor(cursor)
            after = at, within(tenant, name)
        query = query_of(tenant, wanted, after=after)
        with translated():
            found = (
                self._database[names.SUMMARIES]
                .find(query, {"words": 0})
                .sort([("submitted_at", -1), ("_id", -1)])
                .limit(limit + 1)
            )
            records = await found.to_list()
        items = [summary_from(record) for record in records[:limit]]
        last = records[limit - 1] if len(records) > limit else None
        return Page(
            items=items,
            next_cursor=to_cursor((last["submitted_at"], last["summary_id"])) if last else None,
        )

    async def summary(self, tenant: str, summary_id: str) -> StoredSummary | None:
        with translated():
            # By the id alone: the local server scans when a condition stands beside it.
            record = await self._database[names.SUMMARIES].find_one(
                {"_id": within(tenant, summary_id)}, {"words": 0}
            )
        return summary_from(record) if record and record["tenant"] == tenant else None

    async def document(
        self, tenant: str, document_id: str, content_hash: str | None = None
    ) -> StoredDocument | None:
        documents = self._database[names.DOCUMENTS]
        with translated():
            if content_hash is None:
                query = {"tenant": tenant, "document_id": document_id}
                versions = await documents.find(query).to_list()
                found = newest([item for record in versions for item in heard(record)], _version)
                content_hash = found[0].id if found else ""
            record = await documents.find_one({"_id": within(tenant, content_hash, document_id)})
        return document_from(record) if record and record["tenant"] == tenant else None

    async def stands(self, tenant: str, document_id: str, since: datetime | None = None) -> Heard | None:
        earliest = since.timestamp() * 1000 if since else 0
        found: list[Heard] = []
        with translated():
            for collection in (names.DOCUMENTS, names.SUMMARIES, names.OUTCOMES):
                records = self._database[collection].find(
                    {"tenant": tenant, "document_id": document_id}, {"words": 0}
                )
                found += [item async for record in records for item in heard(record)]
        counted = [item for item in found if item.version.at >= earliest]
        return next(iter(newest(counted, _version)), None)

    async def outcomes(self, tenant: str, document_id: str) -> list[StoredOutcome]:
        with translated():
            found = self._database[names.OUTCOMES].find({"tenant": tenant, "document_id": document_id})
            records = await found.sort([("submitted_at", 1), ("_id", 1)]).to_list()
        return [outcome_from(record) for record in records]

    async def changes(self, tenant: str, since: datetime, *, limit: int = 500) -> list[Change]:
        found: list[Change] = []
        with translated():
            for collection, kind in (
                (names.DOCUMENTS, "document"),
                (names.SUMMARIES, "summary"),
                (names.OUTCOMES, "outcome"),
                (names.FEEDBACK, "feedback"),
            ):
                records = self._database[collection].find(
                    {"tenant": tenant, "stored_at": {"$gte": since}},
                    {"event": 0, "feedback": 0, "words": 0},
                )
                oldest = await records.sort([("stored_at", 1)]).limit(limit).to_list()
                found += [_change(record, kind) for record in oldest]
        return sorted(found, key=lambda change: (change.at, change.id))[:limit]


def _version(item: Heard) -> Version:
    return item.version


def _change(record: dict[str, Any], kind: Any) -> Change:
    states = {"document": "accepted", "summary": "completed"}
    state = states.get(kind) or record.get("state")
    if state is None:
        state = "rejected" if record["topic"] == "documents.rejected" else "failed"
    return Change(
        id=f"{kind}-{record['_id'].split('/', 1)[-1]}",
        kind=kind,
        at=record["stored_at"],
        document_id=record["document_id"],
        summary_id=record.get("summary_id"),
        state=state,
    )
