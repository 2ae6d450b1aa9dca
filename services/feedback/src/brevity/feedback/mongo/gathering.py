"""Days of a store that an earlier release has filled: named once, at the first start, to be counted when asked for."""

from __future__ import annotations

from brevity.common.storage.mongo import translated
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.bulk import bulk
from brevity.feedback.mongo.days import touched

_GATHERED = "gathered"


async def gather_days(database: names.Database) -> None:
    """Reads every summary, unless that was done before."""
    days = database[names.DAYS]
    group = {"_id": {"tenant": "$tenant", "day": "$day"}, "at": {"$max": "$submitted_at"}}
    with translated():
        if await days.find_one({"_id": _GATHERED}) is not None:
            return
        found = await database[names.SUMMARIES].aggregate([{"$group": group}])
        writes = [touched(record["_id"]["tenant"], record["at"]) async for record in found]
        await bulk(database, names.DAYS, writes)
        note = {"$setOnInsert": {"schema_version": names.SCHEMA_VERSION}}
        await days.update_one({"_id": _GATHERED}, note, upsert=True)
