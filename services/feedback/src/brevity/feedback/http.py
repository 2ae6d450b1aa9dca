"""The HTTP door for readers: summaries listed, searched and read with their source. Each sees its own tenant alone."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query
from pydantic import AwareDatetime
from starlette.responses import JSONResponse, Response

from brevity.common.errors import Rejected
from brevity.common.http.auth import tenant_of
from brevity.common.http.problem import problem
from brevity.common.storage.objects import ObjectStore
from brevity.feedback.model import Standing, StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

MOST_ITEMS = 200
TenantOf = Annotated[str, Depends(tenant_of)]
Name = Annotated[str | None, Query(max_length=200)]


def add_routes(app: FastAPI, repository: Repository, store: ObjectStore, settings: FeedbackBlock) -> None:
    """Add `GET /v1/summaries` and `GET /v1/summaries/{summary_id}` to `app`."""

    async def listed(
        tenant: TenantOf,
        language: Name = None,
        engine: Name = None,
        model_version: Name = None,
        document_id: Name = None,
        rating: Annotated[
            Standing | None, Query(description="How it stands: up, down, mixed or none.")
        ] = None,
        has_warnings: bool | None = None,
        since: Annotated[AwareDatetime | None, Query(description="Submitted at or after.")] = None,
        until: Annotated[AwareDatetime | None, Query(description="Submitted before.")] = None,
        text: Annotated[
            str | None, Query(max_length=500, description="Words of title or summary, all of them.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
        cursor: Annotated[
            str | None, Query(max_length=1_000, description="`next_cursor` of the page before.")
        ] = None,
    ) -> Response:
        """Summaries, newest submission first; `next_cursor` leads to the next page."""
        wanted = SummaryFilter(
            language=language,
            engine=engine,
            model_version=model_version,
            document_id=document_id,
            rating=rating,
            has_warnings=has_warnings,
            since=since,
            until=until,
            text=text,
        )
        page = await repository.summaries(tenant, wanted, limit=limit, cursor=cursor)
        return JSONResponse({"items": [_shown(item) for item in page.items], "next_cursor": page.next_cursor})

    async def read(summary_id: str, tenant: TenantOf) -> Response:
        """One summary with its source text; `source` is null when the store has it no more."""
        found = await repository.summary(tenant, summary_id)
        if found is None:
            return problem(404, "unknown_summary", "no such summary is known", "Check the id, or the list.")
        document = await repository.document(tenant, found.event.document_id, found.event.content_hash)
        source = document.event.text if document else None
        if document is not None and document.event.text_ref is not None:
            source = await asyncio.to_thread(_fetched, store, document.event.text_ref.object_key, settings)
        return JSONResponse({**_shown(found), "source": source})

    app.add_api_route("/v1/summaries", listed, methods=["GET"], response_class=JSONResponse)
    app.add_api_route("/v1/summaries/{summary_id}", read, methods=["GET"], response_class=JSONResponse)


def _shown(stored: StoredSummary) -> dict[str, Any]:
    return {
        **stored.event.model_dump(mode="json", exclude_none=True),
        "tally": stored.tally.model_dump(mode="json"),
        "standing": stored.tally.standing,
        "stored_at": stored.stored_at.isoformat(),
    }


def _fetched(store: ObjectStore, key: str, settings: FeedbackBlock) -> str | None:
    try:
        return store.get(key, max_bytes=settings.max_text_bytes).decode("utf-8")
    except Rejected:
        return None
