"""Many upserts at once."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from brevity.common.storage.mongo import DUPLICATE_KEY
from brevity.feedback.mongo import collections as names


async def bulk(database: names.Database, collection: str, writes: Sequence[UpdateOne]) -> None:
    """Write all; two upserts of one new id at the same moment make one of them a duplicate, which is tried again."""
    for attempt in range(3):
        if not writes:
            return
        try:
            await database[collection].bulk_write(list(writes), ordered=False)
            return
        except BulkWriteError as error:
            failed = error.details.get("writeErrors", [])
            if error.details.get("writeConcernErrors") or attempt == 2:
                raise
            if any(item.get("code") != DUPLICATE_KEY for item in failed):
                raise
            writes = [writes[int(item["index"])] for item in failed]
