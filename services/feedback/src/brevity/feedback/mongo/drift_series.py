"""Where the drift tests stood, hour by hour: for plots and for those who ask.

Every field that may still grow does so by `$max`, so that points kept twice, or by an instance that was overtaken, change
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field
from pymongo import UpdateOne

from brevity.common.ids import deterministic_id
from brevity.common.storage.mongo import translated
from brevity.feedback.drift import Peak, PointKey
from brevity.feedback.model import Stored
from brevity.feedback.mongo import collections as names


class DriftPoint(Stored):
    """One hour of one test."""

    hour: AwareDatetime = Field(description="Its beginning.")
    family: str = Field(description="`input`, `summary`, `rating` or `edit`.")
    tenant: str | None = Field(default=None, description="Absent for all documents together.")
    language: str | None = None
    model_version: str
    count: int = Field(description="Observations tested.")
    evidence: float = Field(
        description="The highest that the test stood, as a share of its threshold: 1 is an alarm."
    )
    statistic: str = Field(description="What contributed most to it then.")
    effect: float = Field(description="Its change then, -1 to 1, positive for a rise; 0 without evidence.")


class DriftSeries:
    """All calls raise Unavailable when the store is away."""

    def __init__(self, database: names.Database) -> None:
        self._points = database[names.DRIFT_SERIES]

    async def keep(self, points: Sequence[tuple[str, PointKey, Peak]]) -> None:
        """Keep `points`, each with its model version; safe to repeat."""
        writes = [
            UpdateOne(
                {"_id": deterministic_id("pnt", version, *key[:3], key.hour.isoformat())},
                {
                    "$setOnInsert": {
                        "schema_version": names.SCHEMA_VERSION,
                        "model_version": version,
                        "family": key.family,
                        "tenant": key.tenant or None,
                        "language": key.language or None,
                        "hour": key.hour,
                    },
                    "$max": {
                        "count": point.count,
                        # Records compare field by field: the evidence decides, and brings the rest along.
                        "peak": {
                            "evidence": point.evidence,
                            "statistic": point.statistic,
                            "effect": point.effect,
                        },
                    },
                },
                upsert=True,
            )
            for version, key, point in points
        ]
        if writes:
            with translated():
                await self._points.bulk_write(writes, ordered=False)

    async def read(
        self, tenant: str | None, language: str | None, since: datetime, until: datetime | None = None
    ) -> list[DriftPoint]:
        """Those of one tenant in one language, or with neither those over all documents; oldest first."""
        within = {"$gte": since} | ({"$lt": until} if until else {})
        with translated():
            records = await self._points.find(
                {"tenant": tenant, "language": language, "hour": within}
            ).to_list()
        found = [DriftPoint.model_validate({**record, **record["peak"]}) for record in records]
        return sorted(found, key=lambda point: (point.hour, point.family, point.model_version))
