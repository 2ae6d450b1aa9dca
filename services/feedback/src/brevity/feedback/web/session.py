"""Signing in from a browser: the API key or token in a cookie that no script can read.

A cookie is sent by the browser, not by the person, so a request that changes something and is let in by it must come
from this very page: that is told by the browser's own headers, which a page elsewhere cannot set.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.errors import Rejected
from brevity.common.http import problem
from brevity.common.http.auth import netloc_of

COOKIE = "brevity_key"
LONGEST_KEY = 2_900
"""Characters of a key or token; in base64 a browser's limit of 4,096 for a cookie leaves room for no more."""

_LASTS_SECONDS = 12 * 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CookieKeys:
    """Presents the key in a request's cookie as if it stood in its headers; sends pages to the form to sign in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = _key_of(headers) if not ("authorization" in headers or "x-api-key" in headers) else None
        if key is not None:
            if scope["method"] not in _SAFE and not same_origin(headers):
                await problem.of_error(_elsewhere())(scope, receive, send)
                return
            scope = {
                **scope,
                "headers": [*scope["headers"], (b"authorization", f"Bearer {key}".encode("latin-1"))],
            }
        is_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
        await self._app(scope, receive, _to_login(scope, send) if is_page else send)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that a page of this very service makes the request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    named = netloc_of(headers.get("origin", ""))
    return bool(named) and named == headers.get("host")


def check_same_origin(headers: Headers) -> None:
    """Raises Rejected `forbidden_origin` for a form that another page has sent."""
    if not same_origin(headers):
        raise _elsewhere()


def keep_key(response: Response, key: str, *, secure: bool) -> None:
    """Let the browser present `key` from now on, for half a day."""
    value = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    response.set_cookie(
        COOKIE, value, max_age=_LASTS_SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
    )


def forget_key(response: Response, *, secure: bool) -> None:
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")


def over_https(headers: Headers, scheme: str) -> bool:
    """Whether the browser speaks https, even where something in front of this service ends it."""
    return scheme == "https" or headers.get("origin", "").startswith("https://")


def local_path(wanted: str | None) -> str:
    """`wanted` when it is a path of this service, else the first page: a link must not lead elsewhere after signing in."""
    if wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable():
        return wanted
    return "/"


def _key_of(headers: Headers) -> str | None:
    value = cookie_parser(headers.get("cookie", "")).get(COOKIE)
    if not value:
        return None
    try:
        key = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    return key if key.isprintable() and key.isascii() else None


def _to_login(scope: Scope, send: Send) -> Send:
    """`send`, with an answer 401 exchanged for the way to the form."""
    diverted = False

    async def sending(message: Message) -> None:
        nonlocal diverted
        if message["type"] == "http.response.start" and message["status"] == 401:
            diverted = True
            path = scope["path"] + (
                f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            )
            redirect = RedirectResponse(f"/login?next={quote(path, safe='/')}", 303)
            headers = MutableHeaders(scope=message)
            kept = [(name, value) for name, value in headers.raw if name not in _BODY_HEADERS]
            message = {**message, "status": 303, "headers": [*kept, *redirect.raw_headers]}
        elif diverted:
            message = {**message, "body": b""}
        await send(message)

    return sending


_BODY_HEADERS = frozenset({b"content-length", b"content-type", b"www-authenticate"})


def _elsewhere() -> Rejected:
    return Rejected(
        "this request does not come from Brevity's own page",
        code="forbidden_origin",
        remedy="Reload the page and try again; programs send their key in a header instead of a cookie.",
    )
