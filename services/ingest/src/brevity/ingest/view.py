"""Writes what outcomes say of documents and their claims: the view behind `GET /v1/documents/{id}`.

Every write finds its record by the id. What is newer is decided here and not in a filter: a record is read, and replaced
only as long as nobody else has replaced it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError

from brevity.common.errors import Unavailable
from brevity.common.storage.mongo import only_duplicates, translated
from brevity.ingest.claims import COLLECTION as CLAIMS
from brevity.ingest.claims import settled
from brevity.ingest.states import COLLECTION, Fields, Outcome, changed, name_of

Seen = tuple[Outcome, datetime]
"""An outcome and when it was written."""

_MOST_TURNS = 10


class View:
    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._database = database

    async def note(self, seen: Sequence[Seen]) -> None:
        """Bring documents' records and claims up to date; safe to repeat.

        Raises:
            Unavailable: The store is away or slow; some may be noted.
            Rejected: `store_refused`, one of them holds a value that the store does not.
        """
        await self._note(seen)
        await self._write(CLAIMS, [change for event, _ in seen if (change := settled(event)) is not None])

    async def _note(self, seen: Sequence[Seen]) -> None:
        """Read, decide, write what nobody has changed in between; what somebody has, again."""
        wanted: dict[str, list[Seen]] = {}
        for event, at in seen:
            if (name := name_of(event)) is not None:
                wanted.setdefault(name, []).append((event, at))
        states = self._database[COLLECTION]
        for _ in range(_MOST_TURNS):
            if not wanted:
                return
            with translated():
                found = {record["_id"]: record async for record in states.find({"_id": {"$in": [*wanted]}})}
            changes = {name: changed(found.get(name), outcomes) for name, outcomes in wanted.items()}
            wanted = {name: wanted[name] for name, fields in changes.items() if fields is not None}
            writes = [
                _write_of(name, found.get(name), fields)
                for name, fields in changes.items()
                if fields is not None
            ]
            if writes and await self._write(COLLECTION, writes) == len(writes):
                return
        raise Unavailable("the same documents change all the time", code="mongo")

    async def _write(self, collection: str, operations: Sequence[UpdateOne | InsertOne[Any]]) -> int:
        """How many of `operations` found what they were to change, or had nothing to find."""
        if not operations:
            return 0
        try:
            with translated(passing=(BulkWriteError,)):
                done = await self._database[collection].bulk_write(operations, ordered=False)
            return done.matched_count + done.inserted_count + done.upserted_count
        except BulkWriteError as error:
            if not only_duplicates(error):
                raise Unavailable("MongoDB refuses writes", code="mongo") from error
            return 0  # somebody else was first with some of them


def _write_of(name: str, there: Fields | None, fields: Fields) -> UpdateOne | InsertOne[Any]:
    fields = {**fields, "changed_at": datetime.now(UTC)}
    if there is None:
        return InsertOne({"_id": name, **fields})
    # None finds a record without a revision: one of an earlier release, or of a submission's note.
    return UpdateOne(
        {"_id": name, "revision": there.get("revision")},
        {"$set": fields, "$unset": {"order": "", "log": "", "offset": ""}},
    )
