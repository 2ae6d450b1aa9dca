"""Writing: ratings, edits, preferences, and asking for another summary."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import JSONResponse, Response

from brevity.common.errors import Rejected
from brevity.common.events import SummaryRequest
from brevity.common.ids import deterministic_id
from brevity.feedback.api.params import Reviewer, the_summary
from brevity.feedback.api.views import Asked
from brevity.feedback.judging import Given, feedback_of, same
from brevity.feedback.model import Feedback
from brevity.feedback.outbox import Outbox
from brevity.feedback.repository import Repository
from brevity.feedback.resummarize import Resummarizer


def judging(repository: Repository, outbox: Outbox, resummarizer: Resummarizer) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["judging"])

    @router.post("/summaries/{summary_id}/feedback", response_model=Feedback, status_code=201)
    async def give_feedback(
        summary_id: str,
        given: Given,
        caller: Reviewer,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=200,
                description="The same key again is the same feedback: answered 200, kept once.",
            ),
        ] = None,
    ) -> Response:
        """Rate a summary, correct it, or prefer it to another of the same text. Answered once it is kept for good; its
        event follows on `feedback.recorded`. Your latest rating and latest edit of a summary are the ones that count."""
        summary = (await the_summary(repository, caller.tenant, summary_id)).event
        if given.preferred_over is not None:
            other = (await the_summary(repository, caller.tenant, given.preferred_over)).event
            if other.summary_id == summary.summary_id or other.content_hash != summary.content_hash:
                raise Rejected(
                    "a summary can only be preferred to another one of the same text",
                    code="not_comparable",
                    remedy="List summaries by content_hash to find those that can be compared.",
                )
        feedback_id = deterministic_id(
            "fb", caller.tenant, caller.subject, idempotency_key or uuid.uuid4().hex
        )
        feedback = await asyncio.to_thread(
            feedback_of,
            summary,
            given,
            reviewer=caller.subject,
            feedback_id=feedback_id,
            at=datetime.now(UTC),
        )
        stored, new = await outbox.record(feedback)
        if not new and not same(stored, feedback):
            raise Rejected(
                "this Idempotency-Key was used for other feedback",
                code="conflict",
                remedy="Use a new key for each rating or edit.",
            )
        shown = stored.model_dump(mode="json", exclude_none=True)
        return JSONResponse(shown, status_code=201 if new else 200)

    @router.post("/summaries/{summary_id}/resummarize", response_model=Asked, status_code=202)
    async def resummarize(
        summary_id: str, caller: Reviewer, wanted: SummaryRequest | None = None
    ) -> Response:
        """Ask for another summary of the same text, with other settings or, without a body, with this summary's own. 202
        once it is submitted: it will appear in the list, or as a failure in the document's history. 200 when the model
        that serves now has written that summary already."""
        summary = (await the_summary(repository, caller.tenant, summary_id)).event
        asked_for = wanted or summary.request
        there = await resummarizer.submit(summary, asked_for)
        asked = Asked(
            state="there" if there else "submitted",
            document_id=summary.document_id,
            request=asked_for,
            summary_id=there.event.summary_id if there else None,
        )
        return JSONResponse(
            asked.model_dump(mode="json", exclude_none=True), status_code=200 if there else 202
        )

    return router
