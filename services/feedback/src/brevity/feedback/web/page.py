"""Rendering: templates with escaping on, the headers every page carries, and errors as pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from brevity.common.errors import BrevityError, Fatal
from brevity.common.http.principal import Principal, needs, principal_of
from brevity.common.http.problem import status_of
from brevity.common.observability.logging import get_logger
from brevity.common.observability.tracing import trace_id
from brevity.feedback.export.languages import describe
from brevity.feedback.web import assets, words
from brevity.feedback.web.session import check_same_origin

log = get_logger(__name__)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # With `no-referrer` a browser would send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
}

_PAGE_REMEDIES = {
    404: "Check the address, or look for it among all summaries.",
    405: "Go back and try again.",
    429: "Wait a moment, then load the page again.",
}
"""What a person in a browser can do, where a program would be told something else."""

Caller = Annotated[Principal, Depends(principal_of)]
Reviewer = Annotated[Principal, Depends(needs("reviewer"))]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, moment=_moment, count=_count, percent=_percent, language=describe)
    environment.globals.update(base=assets.BASE, words=words)
    return environment


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """`template` for whoever makes `request`, with `context`."""
    principal = getattr(request.state, "principal", None)
    text = _ENVIRONMENT.get_template(template).render(
        principal=principal,
        may_review=principal is not None and principal.may("reviewer"),
        signed_in=request.app.state.asks_for_keys and principal is not None,
        path=request.url.path,
        **context,
    )
    return HTMLResponse(text, status, headers=HEADERS)


def error_page(request: Request, error: BrevityError) -> HTMLResponse:
    if isinstance(error, Fatal):
        log.error("page met a fatal error", code=error.code, reason=error.message)
        error = BrevityError(
            "the service failed to answer",
            code="internal",
            remedy="Try again; if it stays, tell the operator.",
        )
    return page(request, "error.html", status_of(error), error=error, trace=trace_id())


def problem_page(request: Request, status: int, problem: Mapping[str, Any]) -> HTMLResponse:
    """Problem details as a page."""
    error = BrevityError(
        str(problem["detail"]).rstrip("."),
        code=str(problem["code"]),
        remedy=_PAGE_REMEDIES.get(status) or str(problem.get("remedy", "")),
    )
    return page(request, "error.html", status, error=error, trace=problem.get("trace_id"))


class PageRoute(APIRoute):
    """A route whose errors are pages, and whose forms are taken only from pages of this service."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                if request.method == "POST":
                    check_same_origin(request.headers)
                return await inner(request)
            except BrevityError as error:
                return error_page(request, error)
            except RequestValidationError:
                wrong = BrevityError(
                    "the address holds something that cannot be read",
                    code="bad_request",
                    remedy="Go back and try again.",
                )
                return page(request, "error.html", 422, error=wrong, trace=trace_id())

        return handle


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M} {at.tzname() or ''}".strip()


def _count(value: int, one: str, many: str | None = None) -> str:
    """`1 word`, `1,200 words`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def _percent(share: float) -> str:
    """A share of 0 to 1; never rounded to 100 % or 0 % when it is not."""
    rounded = round(share * 100)
    if (rounded == 100 and share < 1) or (rounded == 0 and share > 0):
        return f"{share * 100:.1f} %"
    return f"{rounded} %"


_ENVIRONMENT = _environment()
