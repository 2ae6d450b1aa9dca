"""The kinds of summaries there are, one small record each: what filters offer, without reading a single summary.

Written with every batch by `$max` on the time of its latest summary, so that replaying a topic changes nothing; the
record of a kind goes by the same retention as its last summary.
"""

from __future__ import annotations

from datetime import datetime

from pymongo import UpdateOne

from brevity.common.events import SummaryCompleted
from brevity.common.ids import deterministic_id
from brevity.common.storage.mongo import translated
from brevity.feedback.model import SummaryKind
from brevity.feedback.mongo import collections as names

_BY = ("tenant", "engine", "model_version", "language")


class Kinds:
    def __init__(self, database: names.Database) -> None:
        self._database = database

    async def kinds(self, tenant: str) -> list[SummaryKind]:
        with translated():
            records = await self._database[names.KINDS].find({"tenant": tenant}).to_list()
        return [SummaryKind.model_validate(record) for record in records]

    async def gather_kinds(self) -> None:
        """Find the kinds of a store that an earlier release has filled; once."""
        with translated():
            if await self._database[names.KINDS].find_one({}, {"_id": 1}) is not None:
                return
            grouped = await self._database[names.SUMMARIES].aggregate(
                [
                    {
                        "$group": {
                            "_id": {field: f"${field}" for field in _BY},
                            "latest": {"$max": "$submitted_at"},
                        }
                    }
                ]
            )
            writes = [
                seen(tuple(record["_id"][field] for field in _BY), record["latest"])
                async for record in grouped
            ]
            if writes:
                await self._database[names.KINDS].bulk_write(writes, ordered=False)


def kind_id(event: SummaryCompleted) -> tuple[str, ...]:
    """Tenant, engine, model version and language."""
    return event.tenant, event.engine, event.model_version, event.language


def seen(kind: tuple[str, ...], at: datetime) -> UpdateOne:
    """Note that a summary of `kind` was submitted at `at`."""
    fields = {"schema_version": names.SCHEMA_VERSION, **dict(zip(_BY, kind, strict=True))}
    return UpdateOne(
        {"_id": deterministic_id("kind", *kind)},
        {"$setOnInsert": fields, "$max": {"last_submitted_at": at}},
        upsert=True,
    )
