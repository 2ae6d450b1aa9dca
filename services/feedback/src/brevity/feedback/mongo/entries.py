"""Feedback and its outbox, which is a field of the very record: what is stored and what is to be published are one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from brevity.common.errors import Rejected
from brevity.common.storage.mongo import translated
from brevity.feedback.model import Feedback, Pending, Tally
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.bulk import bulk
from brevity.feedback.mongo.days import touches
from brevity.feedback.mongo.records import feedback_from, of_feedback, within


class Entries:
    def __init__(self, database: names.Database) -> None:
        self._database = database
        self._entries = database[names.FEEDBACK]

    async def add_feedback(self, feedback: Feedback, owner: str) -> tuple[Feedback, bool]:
        """See the port. The summary is looked for after the write: whichever of this and an erasure that are under way
        at once comes last, sees the other."""
        pending = {"owner": owner, "since": datetime.now(UTC)}
        with translated():
            try:
                await self._entries.insert_one({**of_feedback(feedback), "pending": pending})
            except DuplicateKeyError:
                there = await self._entries.find_one({"_id": feedback.feedback_id})
                if there is not None:
                    return feedback_from(there), False
            else:
                summary = {"_id": within(feedback.tenant, feedback.summary_id)}
                if await self._database[names.SUMMARIES].find_one(summary, {"_id": 1}) is not None:
                    return feedback, True
                await self._entries.delete_one({"_id": feedback.feedback_id})
        raise Rejected(
            "no such summary is known", code="not_found", remedy="It may have been erased; see the list."
        )

    async def feedback_of(self, tenant: str, summary_id: str) -> list[Feedback]:
        with translated():
            found = self._entries.find({"tenant": tenant, "summary_id": summary_id})
            records = await found.sort([("recorded_at", 1), ("_id", 1)]).to_list()
        return [feedback_from(record) for record in records]

    async def all_feedback(self, tenant: str, *, edits_only: bool = False) -> AsyncIterator[Feedback]:
        query: dict[str, Any] = {"tenant": tenant}
        if edits_only:
            query["edited"] = True
        with translated():
            async for record in self._entries.find(query).sort([("recorded_at", 1), ("_id", 1)]):
                yield feedback_from(record)

    async def set_tally(self, tenant: str, summary_id: str, tally: Tally, version: int) -> None:
        """See the port. `$max` compares records field by field, so the version, which comes first, decides: one atomic
        step that needs nothing but the id to find its record."""
        fields = {"version": version, "standing": tally.standing, **tally.model_dump()}
        with translated():
            summary = await self._database[names.SUMMARIES].find_one_and_update(
                {"_id": within(tenant, summary_id)},
                {"$max": {"tally": fields}},
                projection={"submitted_at": 1},
            )
            if summary is not None:
                await bulk(self._database, names.DAYS, touches([(tenant, summary["submitted_at"])]))

    async def pending(self, owner: str, others_before: datetime, *, limit: int = 500) -> list[Pending]:
        query = {
            # Of all that was ever said, only what is pending has a time here: what an index goes by.
            "pending.since": {"$gt": datetime.fromtimestamp(0, UTC)},
            "$or": [
                {"pending.owner": owner},
                {"pending.since": {"$lt": others_before}},
            ],
        }
        with translated():
            records = await self._entries.find(query).sort([("pending.since", 1)]).limit(limit).to_list()
        return [Pending(feedback=feedback_from(record), **record["pending"]) for record in records]

    async def take_over(self, pending: Pending, owner: str) -> bool:
        with translated():
            done = await self._entries.update_one(
                {"_id": pending.feedback.feedback_id, "pending.owner": pending.owner},
                {"$set": {"pending": {"owner": owner, "since": datetime.now(UTC)}}},
            )
        return done.matched_count == 1

    async def published(self, feedback_ids: Sequence[str]) -> None:
        with translated():
            await self._entries.update_many({"_id": {"$in": list(feedback_ids)}}, {"$unset": {"pending": ""}})
