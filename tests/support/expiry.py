"""What MongoDB does by itself every minute: deleting what its indexes say has expired, here at any time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.collection import Collection


def expire(collection: Collection[dict[str, Any]], now: datetime | None = None) -> int:
    """Delete what has expired in `collection` by its own indexes at `now`; returns how many."""
    deleted = 0
    for index in collection.index_information().values():
        seconds = index.get("expireAfterSeconds")
        if seconds is not None:
            [(field, _)] = index["key"]
            before = (now or datetime.now(UTC)) - timedelta(seconds=seconds)
            deleted += collection.delete_many({field: {"$lt": before}}).deleted_count
    return deleted
