"""The reading view's forms, for those without scripts: a rating with its reasons, a correction, another summary."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brevity.common.errors import Rejected
from brevity.common.events import SummaryRequest
from brevity.common.ids import deterministic_id
from brevity.feedback.api.params import the_summary
from brevity.feedback.judging import Given, feedback_of
from brevity.feedback.model import StoredSummary
from brevity.feedback.outbox import Outbox
from brevity.feedback.repository import Repository
from brevity.feedback.resummarize import Resummarizer
from brevity.feedback.web.page import PageRoute, Reviewer

ModelT = TypeVar("ModelT", bound=BaseModel)


def judging(repository: Repository, outbox: Outbox, resummarizer: Resummarizer) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.post("/summaries/{summary_id}/rate")
    async def rate(request: Request, summary_id: str, caller: Reviewer) -> Response:
        item = await the_summary(repository, caller.tenant, summary_id)
        async with request.form(max_files=0, max_fields=20) as form:
            given = checked(
                Given,
                {
                    "rating": form.get("rating") or None,
                    "reasons": form.getlist("reasons"),
                    "comment": _text(form, "comment").strip() or None,
                },
            )
        await keep(outbox, item, given, caller.subject)
        return _back(summary_id, "judge-title")

    @router.post("/summaries/{summary_id}/edit")
    async def edit(request: Request, summary_id: str, caller: Reviewer) -> Response:
        item = await the_summary(repository, caller.tenant, summary_id)
        async with request.form(max_files=0, max_fields=20) as form:
            # A form sends line ends as CR LF, whatever the text had.
            given = checked(Given, {"edited_summary": _text(form, "edited_summary").replace("\r\n", "\n")})
        await keep(outbox, item, given, caller.subject)
        return _back(summary_id, "history")

    @router.post("/summaries/{summary_id}/resummarize")
    async def resummarize(request: Request, summary_id: str, caller: Reviewer) -> Response:
        event = (await the_summary(repository, caller.tenant, summary_id)).event
        async with request.form(max_files=0, max_fields=20) as form:
            # The offer beside an older model's summary asks for the very same, which the fields cannot always say.
            same = form.get("same") is not None
            wanted = event.request if same else request_of(form, language=event.request.language)
        after = int(time.time() * 1000)
        there = await resummarizer.submit(event, wanted)
        if there is not None:
            return _back(there.event.summary_id)
        return RedirectResponse(f"/watch?{urlencode({'id': event.document_id, 'after': after})}", 303)

    return router


async def keep(outbox: Outbox, item: StoredSummary, given: Given, reviewer: str) -> None:
    """Store what was said. Raises Rejected (unchanged, gone) and Unavailable."""
    feedback = await asyncio.to_thread(
        feedback_of,
        item.event,
        given,
        reviewer=reviewer,
        feedback_id=deterministic_id("fb", item.event.tenant, reviewer, uuid.uuid4().hex),
        at=datetime.now(UTC),
    )
    await outbox.record(feedback)


def request_of(form: FormData, *, language: str | None = None) -> SummaryRequest:
    """The summary a form asks for. Raises Rejected."""
    words = _text(form, "words").strip()
    return checked(
        SummaryRequest,
        {
            "words": words or None,
            # A number of words wins: the length beside it is what the form happened to show.
            "length": None if words else _text(form, "length") or None,
            "style": _text(form, "style") or "paragraph",
            "language": language,
            "engine": _text(form, "engine") or None,
        },
    )


def checked(model: type[ModelT], fields: dict[str, Any]) -> ModelT:
    """A form's fields as `model`. Raises Rejected `bad_request`, naming what is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(map(str, wrong["loc"])) or "form"
        raise Rejected(
            f"{name}: {wrong['msg']}", code="bad_request", remedy="Go back and correct it."
        ) from None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _back(summary_id: str, place: str = "") -> Response:
    return RedirectResponse(f"/summaries/{quote(summary_id, safe='')}{'#' + place if place else ''}", 303)
