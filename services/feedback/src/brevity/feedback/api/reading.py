"""Reading: summaries listed, searched and read with their source; what happened to a document; statistics."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from brevity.common.errors import Rejected
from brevity.feedback.api.params import Caller, Filter, the_summary
from brevity.feedback.api.views import (
    FeedbackList,
    History,
    StatisticsTable,
    SummaryPage,
    SummaryWithSource,
    Who,
    listed,
    shown,
)
from brevity.feedback.history import steps_of
from brevity.feedback.repository import Repository
from brevity.feedback.sources import Sources
from brevity.feedback.statistics import By, rows

MOST_ITEMS = 200


def reading(repository: Repository, sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["reading"])

    @router.get("/summaries", response_model=SummaryPage)
    async def list_summaries(
        caller: Caller,
        wanted: Filter,
        limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
        cursor: Annotated[
            str | None, Query(max_length=1_000, description="`next_cursor` of the page before.")
        ] = None,
    ) -> Response:
        """Summaries, newest submission first; `next_cursor` leads to the next page."""
        page = await repository.summaries(caller.tenant, wanted, limit=limit, cursor=cursor)
        return JSONResponse({"items": [shown(item) for item in page.items], "next_cursor": page.next_cursor})

    @router.get("/summaries/{summary_id}", response_model=SummaryWithSource)
    async def read_summary(summary_id: str, caller: Caller) -> Response:
        """One summary with its source text; each sentence's `spans` are places in it, in code points."""
        found = await the_summary(repository, caller.tenant, summary_id)
        return JSONResponse({**shown(found), "source": await sources.text_of(found.event)})

    @router.get("/summaries/{summary_id}/feedback", response_model=FeedbackList)
    async def list_feedback(summary_id: str, caller: Caller) -> Response:
        """What was said of one summary, oldest first."""
        await the_summary(repository, caller.tenant, summary_id)
        return JSONResponse(listed(await repository.feedback_of(caller.tenant, summary_id)))

    @router.get("/documents/{document_id:path}/history", response_model=History)
    async def read_history(document_id: str, caller: Caller) -> Response:
        """What happened to a document: accepted, summarized, rated, edited, or refused and why."""
        steps = await steps_of(repository, caller.tenant, document_id)
        if not steps:
            raise Rejected("no such document is known", code="not_found", remedy="Check the id.")
        shown_steps: list[dict[str, Any]] = [
            step.model_dump(mode="json", exclude_none=True) for step in steps
        ]
        return JSONResponse({"document_id": document_id, "steps": shown_steps})

    @router.get("/statistics", response_model=StatisticsTable)
    async def read_statistics(caller: Caller, wanted: Filter, by: By = "model_version") -> Response:
        """Ratings (with a 95 % Wilson interval), edits and warnings, by model version, language or day."""
        groups = await repository.statistics(caller.tenant, wanted)
        table = StatisticsTable(by=by, rows=rows(groups, by))
        return JSONResponse(table.model_dump(mode="json"))

    @router.get("/whoami", response_model=Who)
    async def whoami(caller: Caller) -> Response:
        """Whose documents you see, and in which role."""
        return JSONResponse({"tenant": caller.tenant, "subject": caller.subject, "role": caller.role})

    return router
