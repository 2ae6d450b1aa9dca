"""For admins: what people said as training data, and the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response, StreamingResponse

from brevity.feedback.api.params import Admin
from brevity.feedback.api.views import AuditList
from brevity.feedback.repository import Repository
from brevity.feedback.training_data import Example, Preference, Reference, TrainingData

JSON_LINES = "application/x-ndjson"
AUDITED_READS = frozenset({"/v1/references", "/v1/preferences", "/v1/export", "/v1/audit"})
"""Reading in bulk is noted like a change."""


def admin(repository: Repository, training_data: TrainingData) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["admin"])

    @router.get("/references", response_class=StreamingResponse, responses=_lines_of(Reference))
    async def read_references(caller: Admin) -> Response:
        """Reviewers' edits as reference summaries with their sources, one JSON object a line."""
        return _streamed(training_data.references(caller.tenant), "references")

    @router.get("/preferences", response_class=StreamingResponse, responses=_lines_of(Preference))
    async def read_preferences(
        caller: Admin,
        edited: Annotated[bool, Query(description="Also the edits, which the references have too.")] = True,
    ) -> Response:
        """Pairs of a better and a worse summary of one text, one JSON object a line."""
        return _streamed(training_data.preferences(caller.tenant, edited=edited), "preferences")

    @router.get("/audit", response_model=AuditList)
    async def read_audit(caller: Admin, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
        """Who did or tried what among your tenant's people, newest first."""
        entries = await repository.audit(caller.tenant, limit=limit)
        return JSONResponse({"items": [entry.model_dump(mode="json") for entry in entries]})

    return router


def _streamed(examples: AsyncIterator[Example], name: str) -> Response:
    async def lines() -> AsyncIterator[bytes]:
        async for example in examples:
            yield example.model_dump_json().encode() + b"\n"

    return StreamingResponse(
        lines(),
        media_type=JSON_LINES,
        headers={"Content-Disposition": f'attachment; filename="{name}.jsonl"'},
    )


def _lines_of(model: type[Example]) -> dict[int | str, dict[str, object]]:
    return {
        200: {
            "description": "One object a line.",
            "content": {JSON_LINES: {"schema": model.model_json_schema()}},
        }
    }
