"""What the drift monitors found, and where their tests stand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from brevity.common.events import DriftDetected
from brevity.feedback.api.params import Caller
from brevity.feedback.mongo.drift import DriftStore


class DriftAlarms(BaseModel):
    items: list[DriftDetected] = Field(description="Newest first.")


def drift(store: DriftStore) -> APIRouter:
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

    return router
