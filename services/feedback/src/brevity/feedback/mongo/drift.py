"""The drift monitors' state and alarms. One record holds state, places in the topics and alarms to be published.

They change together or not at all, so a crash at any moment neither loses an alarm nor observes an event twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bson.binary import Binary
from pydantic import Field
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from brevity.common.errors import Unavailable
from brevity.common.events import DriftDetected
from brevity.common.storage.mongo import translated
from brevity.feedback.model import Stored
from brevity.feedback.mongo import collections as names

_ID = "monitors"


class LeaseLost(Unavailable):
    """Another instance runs the monitors now; what this one has not saved is that one's to find again."""

    code = "lease_lost"


class Watched(Stored):
    """Whom the monitors watch, and what the input is compared with."""

    model_version: str = Field(description="The version in service; empty before its first summary.")
    beside: list[str] = Field(
        default_factory=list, description="Versions that share its traffic; their quality is watched too."
    )
    reference: Literal["training", "first_documents"] = Field(
        description="What new documents are compared with: the version's training window, or the first that came."
    )
    training_documents: int = Field(default=0, description="Of its training window.")


@dataclass(frozen=True, slots=True)
class SavedDrift:
    """What a start goes on from. `state` is None before the first save."""

    revision: int
    state: str | None
    places: Mapping[tuple[str, int], int]
    unpublished: Sequence[DriftDetected]
    watched: Watched | None = None


class DriftStore:
    """All calls raise Unavailable when the store is away."""

    def __init__(self, database: names.Database) -> None:
        self._monitors = database[names.DRIFT]
        self._alarms = database[names.DRIFT_ALARMS]

    async def hold(self, owner: str, seconds: float) -> SavedDrift | None:
        """Make `owner` the one that runs the monitors for `seconds`; None while another one does."""
        now = datetime.now(UTC)
        lease = {"owner": owner, "until": now + timedelta(seconds=seconds)}
        free = {"_id": _ID, "$or": [{"owner": owner}, {"until": {"$lt": now}}]}
        with translated():
            found = await self._monitors.find_one_and_update(
                free, {"$set": lease}, return_document=ReturnDocument.AFTER
            )
            if found is None:
                try:
                    await self._monitors.insert_one(
                        {"_id": _ID, "schema_version": names.SCHEMA_VERSION, "revision": 0, **lease}
                    )
                except DuplicateKeyError:
                    return None
                return SavedDrift(0, None, {}, ())
        return _saved(found)

    async def watched(self) -> Watched | None:
        """As of the last save; None before the first."""
        with translated():
            found = await self._monitors.find_one({"_id": _ID}, {"watched": 1})
        return Watched.model_validate(found["watched"]) if found and "watched" in found else None

    async def current(self) -> SavedDrift | None:
        """What the last save left, for looking at alone."""
        with translated():
            found = await self._monitors.find_one({"_id": _ID})
        return _saved(found) if found else None

    async def save(self, owner: str, saved: SavedDrift, seconds: float) -> SavedDrift:
        """Replace the revision that `saved` was made from, and hold the lease for `seconds` more.

        Raises LeaseLost when another instance has taken over; nothing is changed then.
        """
        fields: dict[str, Any] = {
            "revision": saved.revision + 1,
            "until": datetime.now(UTC) + timedelta(seconds=seconds),
            "places": [[topic, partition, offset] for (topic, partition), offset in saved.places.items()],
            "unpublished": [event.to_json().decode() for event in saved.unpublished],
        }
        if saved.watched is not None:
            fields["watched"] = saved.watched.model_dump()
        if saved.state is not None:
            fields["state"] = Binary(zlib.compress(saved.state.encode(), 1))
        with translated():
            done = await self._monitors.update_one(
                {"_id": _ID, "owner": owner, "revision": saved.revision}, {"$set": fields}
            )
        if done.matched_count == 0:
            raise LeaseLost("another instance runs the drift monitors")
        return replace(saved, revision=saved.revision + 1)

    async def published(self, owner: str, revision: int, alarms: Sequence[DriftDetected]) -> None:
        """Keep `alarms` for listing, then note that none waits any more; safe to repeat."""
        with translated():
            for event in alarms:
                record = {
                    "schema_version": names.SCHEMA_VERSION,
                    "tenant": event.tenant,
                    "monitor": event.monitor,
                    "detected_at": event.detected_at,
                    "event": event.to_json().decode(),
                }
                await self._alarms.update_one({"_id": event.drift_id}, {"$setOnInsert": record}, upsert=True)
            await self._monitors.update_one(
                {"_id": _ID, "owner": owner, "revision": revision}, {"$set": {"unpublished": []}}
            )

    async def release(self, owner: str) -> None:
        """Let another instance take over at once."""
        with translated():
            await self._monitors.update_one(
                {"_id": _ID, "owner": owner}, {"$set": {"until": datetime.fromtimestamp(0, UTC)}}
            )

    async def alarms(self, tenant: str | None, *, limit: int = 100) -> list[DriftDetected]:
        """Newest first: those of `tenant`, or with None those over all documents."""
        with translated():
            found = self._alarms.find({"tenant": tenant}).sort([("detected_at", -1), ("_id", -1)])
            records = await found.limit(limit).to_list()
        return [DriftDetected.model_validate_json(record["event"]) for record in records]


def _saved(found: dict[str, Any]) -> SavedDrift:
    return SavedDrift(
        revision=found["revision"],
        state=zlib.decompress(found["state"]).decode() if "state" in found else None,
        places={(topic, partition): offset for topic, partition, offset in found.get("places", ())},
        unpublished=[DriftDetected.model_validate_json(event) for event in found.get("unpublished", ())],
    )
