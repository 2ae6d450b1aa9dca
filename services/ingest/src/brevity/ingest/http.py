"""The HTTP door: submit a document as JSON or as a file, and ask how it stands."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted
from brevity.common.events.codec import explained, read_json
from brevity.common.events.foreign import unlike_event
from brevity.common.http.auth import tenant_of
from brevity.common.http.problem import problem
from brevity.documents import read
from brevity.documents.kinds import media_type_of
from brevity.documents.report import report
from brevity.ingest import references
from brevity.ingest.description import READ, SHOW, SUBMIT, ToRead
from brevity.ingest.document import limits_of
from brevity.ingest.fetch import fetch_page
from brevity.ingest.notes import Notes
from brevity.ingest.settings import IngestBlock
from brevity.ingest.states import States
from brevity.ingest.submit import Submitter, too_large

_SUMMARY_FIELDS = ("words", "length", "style")
_DOCUMENT_FIELDS = ("document_id", "title", "language")
_NOTE_SECONDS = 1.0
"""Longest that an answer waits for the store, so that asking for its `location` at once finds it there."""

TenantOf = Annotated[str, Depends(tenant_of)]


def add_routes(
    app: FastAPI, submitter: Submitter, states: States, notes: Notes, settings: IngestBlock
) -> None:
    """Add `POST /v1/documents`, `POST /v1/read` and `GET /v1/documents/{document_id}` to `app`."""

    async def submit(request: Request, tenant: TenantOf) -> Response:
        """Take a document: JSON as in `documents.submitted`, or multipart with a `file` and form fields."""
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            document = await _from_form(request, tenant, submitter)
        else:
            document = await _from_json(request, tenant, submitter, settings)
        sent = await asyncio.to_thread(submitter.send, document)
        document_id = sent.document_id
        # Kafka has it: whatever becomes of the note, the answer is that it was taken.
        noted = asyncio.wrap_future(notes.add((tenant, document_id), sent))
        await asyncio.wait({noted}, timeout=_NOTE_SECONDS)
        location = f"/v1/documents/{quote(document_id, safe='')}"
        return JSONResponse(
            {"document_id": document_id, "location": location},
            status_code=202,
            headers={"Location": location},
        )

    def show(document_id: str, tenant: TenantOf) -> Response:
        """How one of the caller's documents stands: submitted, accepted, rejected, completed or failed."""
        if notes.holds((tenant, document_id)):
            return JSONResponse({"document_id": document_id, "state": "submitted"})
        found = states.find(tenant, document_id)
        if found is None:
            return problem(
                404,
                "unknown_document",
                "no such document is known",
                "Check the id; a new one takes a moment.",
            )
        return JSONResponse(found)

    async def show_reading(request: Request, tenant: TenantOf) -> Response:
        """What would be read of a document, sent as to `POST /v1/documents`; it is not submitted, and nothing is kept."""
        data, media_type, name = await _to_read(request)
        if len(data) > settings.max_bytes:
            raise too_large(len(data), settings.max_bytes)
        document = await asyncio.to_thread(read, data, media_type, name, limits_of(settings, tenant))
        return JSONResponse(await asyncio.to_thread(report, document))

    app.add_api_route("/v1/read", show_reading, methods=["POST"], response_class=JSONResponse, **READ)
    app.add_api_route(
        "/v1/documents", submit, methods=["POST"], status_code=202, response_class=JSONResponse, **SUBMIT
    )
    app.add_api_route(
        "/v1/documents/{document_id:path}", show, methods=["GET"], response_class=JSONResponse, **SHOW
    )


async def _to_read(request: Request) -> tuple[str | bytes, str | None, str | None]:
    """Data, media type and name."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=20) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _bad("the form has no `file`", "bad_schema")
            if len(form.multi_items()) > 1:
                raise _bad("the form has more than a `file`", "bad_schema")
            return await file.read(), file.content_type, file.filename
    data = await request.body()
    try:
        body = await asyncio.to_thread(read_json, data, "the body")
    except Rejected as error:
        raise _told(error) from None
    try:
        given = ToRead.model_validate(body)
    except ValidationError as error:
        raise _bad(explained(error), "bad_schema") from None
    return given.text, given.media_type, None


async def _from_json(
    request: Request, tenant: str, submitter: Submitter, settings: IngestBlock
) -> DocumentSubmitted:
    data = await request.body()
    try:
        body = await asyncio.to_thread(read_json, data, "the body")
    except Rejected as error:
        encoding = request.headers.get("content-encoding", "identity")
        raise _unreadable(data, encoding) if not data or encoding != "identity" else _told(error) from None
    if not isinstance(body, dict):
        raise _bad("the body is not a JSON object", "bad_schema")
    foreign = unlike_event(body, DocumentSubmitted.topic)
    if foreign is not None:
        raise foreign
    fields: dict[str, Any] = {**body, "tenant": tenant}
    url = fields.pop("url", None)
    if url is not None:
        page = await fetch_page(str(url), settings)
        reference = await asyncio.to_thread(submitter.upload, tenant, page.data, page.media_type)
        fields["object"] = reference.model_dump()
    document = _document(fields)
    if document.object is not None:
        references.check(document.object, tenant, submitter.bucket, settings)
    return document


async def _from_form(request: Request, tenant: str, submitter: Submitter) -> DocumentSubmitted:
    async with request.form(max_files=1, max_fields=20) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise _bad("the form has no `file`", "bad_schema")
        twice = sorted({name for name in form if len(form.getlist(name)) > 1})
        if twice:
            raise _bad(f"form field given more than once: {', '.join(twice)}", "bad_schema")
        given = {name: str(value) for name, value in form.items() if name != "file" and value != ""}
        unknown = sorted(set(given) - {*_SUMMARY_FIELDS, *_DOCUMENT_FIELDS})
        if unknown:
            raise _bad(f"unknown form field {', '.join(unknown)}", "bad_schema")
        fields: dict[str, Any] = {name: given[name] for name in _DOCUMENT_FIELDS if name in given}
        fields["summary"] = {name: given[name] for name in _SUMMARY_FIELDS if name in given}
        document = _document({**fields, "tenant": tenant, "text": "-"})  # all but the file, before it is kept
        media_type = media_type_of(file.content_type, file.filename)
        reference = await asyncio.to_thread(
            submitter.upload, tenant, await file.read(), media_type, file.filename
        )
    return document.model_copy(update={"text": None, "object": reference})


def _document(fields: dict[str, Any]) -> DocumentSubmitted:
    try:
        return DocumentSubmitted.model_validate(fields)
    except ValidationError as error:
        raise _bad(explained(error), "bad_schema") from None


_HOW = 'Send JSON in UTF-8 as it is, e.g. {"text": "..."}; or a file as a form, as `curl -F file=@report.txt` does.'


def _unreadable(data: bytes, encoding: str) -> Rejected:
    what = "is compressed (it has a Content-Encoding)" if data else "is empty"
    return Rejected(f"the body {what}", code="not_json", remedy=_HOW)


def _told(error: Rejected) -> Rejected:
    """`error` of a body, with what to do at this door."""
    return Rejected(error.message, code=error.code, remedy=_HOW)


def _bad(message: str, code: str) -> Rejected:
    return Rejected(message, code=code, remedy="See /openapi.json and docs/schemas/documents.submitted.json.")
