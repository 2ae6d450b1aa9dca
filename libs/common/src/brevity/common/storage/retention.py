"""How long a collection keeps its documents: an index that MongoDB deletes by, replaced when the time has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import ASCENDING
from pymongo.collection import Collection

INDEX = "retention"
DAY_SECONDS = 86_400
_FIRST_TIME_SECONDS = 600.0


def keep_for(collection: Collection[dict[str, Any]], field: str, *, days: int) -> None:
    """Delete documents of `collection` that many days after the time in `field`; 0 keeps them for ever.

    Safe to repeat. Documents that were there before retention was, and do not have the field, count from now.
    Raises the driver's errors.
    """
    there = collection.index_information().get(INDEX)
    if there is None and days:
        with pymongo.timeout(_FIRST_TIME_SECONDS):
            collection.update_many({field: {"$exists": False}}, {"$set": {field: datetime.now(UTC)}})
    seconds = days * DAY_SECONDS
    if there is not None and (
        there.get("expireAfterSeconds") != (seconds or None) or [name for name, _ in there["key"]] != [field]
    ):
        collection.drop_index(INDEX)
        there = None
    if there is None and seconds:
        collection.create_index([(field, ASCENDING)], name=INDEX, expireAfterSeconds=seconds)
