"""What the drift monitors found, and where their tests stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from brevity.common.events import DriftDetected
from brevity.feedback.api.params import Caller, Instant
from brevity.feedback.mongo.drift import DriftStore, Watched
from brevity.feedback.mongo.drift_series import DriftPoint, DriftSeries


class DriftAlarms(BaseModel):
    items: list[DriftDetected] = Field(description="Newest first.")


class DriftStatistics(BaseModel):
    watched: Watched | None = Field(description="Null before the monitors have saved anything.")
    threshold: float = Field(
        default=1.0, description="Evidence that is an alarm, if its effect is worth one."
    )
    items: list[DriftPoint] = Field(description="Oldest first, an item an hour in which a test took place.")


def drift(store: DriftStore, series: DriftSeries) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["drift"])

    @router.get("/drift", response_model=DriftAlarms)
    async def list_alarms(caller: Caller, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        """Drifts found in your tenant's documents and in all documents together; the latter name no documents."""
        own = await store.alarms(caller.tenant, limit=limit)
        overall = [
            # They may be another tenant's.
            event.model_copy(update={"sample_document_ids": []})
            for event in await store.alarms(None, limit=limit)
        ]
        newest = sorted([*own, *overall], key=lambda event: event.detected_at, reverse=True)[:limit]
        items: list[dict[str, Any]] = [event.model_dump(mode="json", exclude_none=True) for event in newest]
        return JSONResponse({"items": items})

    @router.get("/statistics/drift", response_model=DriftStatistics)
    async def read_statistics(
        caller: Caller,
        language: Annotated[
            str | None, Query(max_length=200, description="Your documents in it; absent: all documents.")
        ] = None,
        since: Annotated[Instant | None, Query(description="Absent: a week ago.")] = None,
        until: Instant | None = None,
    ) -> Response:
        """Where each drift test stood, hour by hour: over all documents together, or over yours in one language."""
        table = DriftStatistics(
            watched=await store.watched(),
            items=await series.read(
                caller.tenant if language else None,
                language,
                since or datetime.now(UTC) - timedelta(days=7),
                until,
            ),
        )
        return JSONResponse(table.model_dump(mode="json", exclude_none=True))

    return router
