"""Errors over HTTP as problem details (RFC 9457, `application/problem+json`).

Each answer names what is wrong and what to do about it and carries the trace id to look it up by; none shows a
traceback or repeats the input.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, remedy_for_caller
from brevity.common.observability.logging import get_logger
from brevity.common.observability.tracing import trace_id

log = get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS_BY_CODE: Mapping[str, int] = {
    "bad_json": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "forbidden_origin": 403,
    "not_found": 404,
    "object_missing": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "too_many_requests": 429,
}
"""Statuses of codes that have one of their own; other rejections are 422."""

_CODE_BY_STATUS: Mapping[int, str] = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
    503: "busy",
}
"""Codes of the errors that the web framework raises."""

_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": "5"},
}

_LONGEST_FIELD, _LONGEST_REASON, _MOST_FIELDS = 200, 500, 50

_REMEDIES: Mapping[int, str] = {
    400: "Compare the request with /openapi.json.",
    404: "Check the address; /openapi.json lists what is there.",
    405: "Use one of the methods in the Allow header.",
    408: "Send it again over a faster connection, or in parts.",
    413: "Send less, or have BREVITY_HTTP_MAX_BODY_BYTES raised.",
}


_TEXT: Mapping[str, str] = {"type": "string"}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        **dict.fromkeys(("type", "title", "code", "detail", "remedy", "trace_id"), _TEXT),
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"field": _TEXT, "message": _TEXT}},
        },
    },
}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems with `statuses`, as an OpenAPI document tells them: for a route's `responses`."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
        for status in statuses
    }


def problem(
    status: int,
    code: str,
    detail: str,
    remedy: str | None = None,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response for one problem; `errors` names each wrong field."""
    body: dict[str, Any] = {
        "type": f"urn:brevity:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if remedy:
        body["remedy"] = remedy
    if errors:
        body["errors"] = list(errors)
    current = trace_id()
    if current:
        body["trace_id"] = current
    # A field's name may hold half of a character, which has no bytes in UTF-8.
    written = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(written, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def status_of(error: BrevityError) -> int:
    """The HTTP status that says what kind of error this is."""
    if error.code in STATUS_BY_CODE:
        return STATUS_BY_CODE[error.code]
    if isinstance(error, Rejected):
        return 422
    if isinstance(error, Transient):
        return 503
    return 500


def of_error(error: BrevityError) -> Response:
    status = status_of(error)
    if isinstance(error, Fatal):
        log.error("request met a fatal error", code=error.code, reason=error.message)
        return internal()
    return problem(
        status,
        error.code,
        error.message,
        remedy_for_caller(error),
        headers=_HEADERS.get(status),
    )


def of_status(error: HTTPException) -> Response:
    return problem(
        error.status_code,
        _CODE_BY_STATUS.get(error.status_code, "http_error"),
        str(error.detail),
        _REMEDIES.get(error.status_code),
        headers=error.headers,
    )


def internal() -> Response:
    """What a caller sees of an error of ours: that it happened, and its trace id."""
    return problem(
        500,
        "internal",
        "the service failed to answer this request",
        "Try again; if it stays, give the operator the trace_id.",
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` with problem details."""

    async def on_brevity(request: Request, error: BrevityError) -> Response:
        return of_error(error)

    async def on_http(request: Request, error: HTTPException) -> Response:
        return of_status(error)

    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        found = [
            {
                "field": ".".join(map(str, item["loc"]))[:_LONGEST_FIELD],
                "message": str(item["msg"])[:_LONGEST_REASON],
            }
            for item in error.errors()[:_MOST_FIELDS]
        ]
        malformed = any(item["type"] == "json_invalid" for item in error.errors())
        return problem(
            400 if malformed else 422,
            "bad_json" if malformed else "bad_request",
            "the request's body is not JSON" if malformed else "the request does not fit its schema",
            "Compare with /openapi.json.",
            errors=found,
        )

    app.exception_handler(BrevityError)(on_brevity)
    app.exception_handler(HTTPException)(on_http)
    app.exception_handler(RequestValidationError)(on_validation)
