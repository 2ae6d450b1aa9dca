"""Submitting texts and files, and watching what becomes of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brevity.common.contracts.vocabulary import DocumentState
from brevity.common.errors import Rejected
from brevity.common.events import DocumentRejected, DocumentSubmitted, SummaryRequest
from brevity.feedback.model import Outcome, StoredDocument, StoredSummary
from brevity.feedback.repository import Repository
from brevity.feedback.submissions import Submissions
from brevity.feedback.web import words
from brevity.feedback.web.judging import checked, request_of
from brevity.feedback.web.page import Caller, PageRoute, Reviewer, page

MOST_FILES = 20
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999."""

_LONGEST_FIELD_BYTES = 32 << 20
"""Of the text; the whole request is bounded by BREVITY_HTTP_MAX_BODY_BYTES."""


@dataclass(frozen=True, slots=True)
class GivenForm:
    """What the form holds when it is shown again."""

    text: str = ""
    title: str = ""
    wanted: SummaryRequest | None = None


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    how: Literal["done", "now", "later", "failed"]


@dataclass(frozen=True, slots=True)
class Card:
    """How one document stands."""

    document_id: str
    title: str
    state: DocumentState
    summary: StoredSummary | None = None
    problem: Outcome | None = None
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def pending(self) -> bool:
        return self.state in ("submitted", "accepted")

    @property
    def duplicate_of(self) -> str | None:
        return self.problem.duplicate_of if isinstance(self.problem, DocumentRejected) else None

    @property
    def waiting(self) -> str:
        if self.state == "submitted":
            return "It was taken; its text is being read and checked."
        return "Its text is fine; the summary is being written."


def submitting(repository: Repository, submissions: Submissions) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/submit")
    async def show_form(request: Request, caller: Caller) -> Response:
        return page(request, "submit.html", given=GivenForm(), wrong=None)

    @router.post("/submit")
    async def submit(request: Request, caller: Reviewer) -> Response:
        async with request.form(
            max_files=MOST_FILES, max_fields=20, max_part_size=_LONGEST_FIELD_BYTES
        ) as form:
            text, title = (
                str(form.get("text") or "").replace("\r\n", "\n"),
                str(form.get("title") or "").strip(),
            )
            wanted = None
            try:
                wanted = request_of(form)
                names = await _submitted(form, text, title, wanted, caller.tenant, submissions)
            except Rejected as error:
                given = GivenForm(text, title, wanted)
                return page(request, "submit.html", 422, given=given, wrong=error)
        return RedirectResponse(f"/watch?{urlencode({'id': names}, doseq=True)}", 303)

    @router.get("/watch")
    async def watch(
        request: Request,
        caller: Caller,
        id: Annotated[list[str], Query(min_length=1, max_length=MOST_FILES + 1)],
        after: Annotated[int, Query(ge=0, le=_LAST_MS)] = 0,
    ) -> Response:
        since = datetime.fromtimestamp(after / 1000, tz=UTC) if after else None
        cards = [await _card(repository, caller.tenant, name, since) for name in dict.fromkeys(id)]
        pending = [card for card in cards if card.pending]
        return page(request, "watch.html", cards=cards, pending=pending)

    return router


async def _submitted(
    form: FormData,
    text: str,
    title: str,
    wanted: SummaryRequest,
    tenant: str,
    submissions: Submissions,
) -> list[str]:
    """Submit the text and each file; returns their ids. Raises Rejected when there is nothing to submit."""
    files = [item for item in form.getlist("files") if isinstance(item, UploadFile) and item.filename]
    if not text.strip() and not files:
        raise Rejected(
            "there is neither a text nor a file", code="no_text", remedy="Paste a text, or choose a file."
        )
    about = {"tenant": tenant, "summary": wanted}
    names: list[str] = []
    if text.strip():
        document = checked(DocumentSubmitted, {**about, "text": text, "title": title or None})
        names.append(await asyncio.to_thread(submissions.text, document))
    for file in files:
        name = (file.filename or "")[:1000]
        own_title = title if title and len(files) == 1 and not text.strip() else name
        document = checked(DocumentSubmitted, {**about, "text": "-", "title": own_title})
        data = await file.read()
        names.append(await asyncio.to_thread(submissions.file, document, name, data, file.content_type))
    return names


async def _card(repository: Repository, tenant: str, name: str, since: datetime | None) -> Card:
    """How a document stands, by what was last heard of it, or heard since then."""
    heard = await repository.stands(tenant, name, since)
    state: DocumentState = heard.state if heard else "submitted"
    summary = await repository.summary(tenant, heard.id) if heard and state == "completed" else None
    document = await repository.document(tenant, name)
    return Card(
        name,
        _title(document, summary) or name,
        state,
        summary=summary,
        problem=heard.problem if heard else None,
        steps=_steps(state),
    )


def _title(document: StoredDocument | None, summary: StoredSummary | None) -> str | None:
    if summary is not None:
        return words.heading(summary.event)
    return document.event.title if document is not None else None


def _steps(state: DocumentState) -> list[Step]:
    names = ("Submitted", "Accepted", "Summarized")
    if state == "rejected":
        return [Step("Submitted", "done"), Step("Rejected", "failed")]
    if state == "failed":
        return [Step("Submitted", "done"), Step("Accepted", "done"), Step("Failed", "failed")]
    done = {"submitted": 1, "accepted": 2, "completed": 3}[state]
    return [
        Step(name, "done" if index < done else "now" if index == done else "later")
        for index, name in enumerate(names)
    ]
