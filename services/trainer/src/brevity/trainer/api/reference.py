"""What a version was trained on, for those who compare new documents with it (the drift monitors)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import JSONResponse, Response

from brevity.common.http.principal import Principal, needs
from brevity.trainer.data.rows import Row, spaced
from brevity.trainer.data.versions import Versions
from brevity.trainer.registry import Registry

Operator = Annotated[Principal, Depends(needs("operator"))]


class ReferenceDocument(BaseModel):
    id: str
    text: str
    language: str
    at: AwareDatetime = Field(
        description="When a reviewer spoke of it; for files, when the version was registered."
    )


class Reference(BaseModel):
    data_version: str | None = Field(description="Null for a version that was not trained here.")
    documents: list[ReferenceDocument] = Field(description="Of its training part, evenly spaced.")


def reference_routes(registry: Registry, versions: Versions) -> APIRouter:
    router = APIRouter(prefix="/v1/models", tags=["models"])

    @router.get("/{model}/versions/{version}/reference", response_model=Reference)
    def reference(
        model: str, version: str, caller: Operator, limit: Annotated[int, Query(ge=1, le=2_000)] = 400
    ) -> Response:
        """Documents of the data that a version was trained on. Texts that were erased since are not among them."""
        found = registry.named(model, version)
        rows = versions.rows(found.data_version) if found.data_version else []
        made = datetime.fromtimestamp(found.created_ms / 1000, UTC)
        chosen = spaced([row for row in rows if row.part == "train"], limit)
        table = Reference(data_version=found.data_version, documents=[_document(row, made) for row in chosen])
        return JSONResponse(table.model_dump(mode="json"))

    return router


def _document(row: Row, made: datetime) -> ReferenceDocument:
    at = datetime.fromisoformat(row.recorded_at) if row.recorded_at else made
    return ReferenceDocument(id=row.id, text=row.text, language=row.language, at=at)
