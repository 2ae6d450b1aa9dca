"""Errors that no page made, shown as pages to those who ask for pages: unknown addresses, limits, what is too large."""

from __future__ import annotations

import json

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.http.problem import MEDIA_TYPE
from brevity.feedback.web.page import problem_page

_BODY_HEADERS = frozenset(
    {b"content-length", b"content-type", b"content-security-policy", b"referrer-policy"}
)


class ErrorPages:
    """Exchanges problem details for a page where the request accepts HTML; programs get what they always got."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def sending(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start" and _is_problem(message):
                held = message
            elif held is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    for part in _exchanged(scope, held, body):
                        await send(part)

        await self._app(scope, receive, sending)


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(MEDIA_TYPE)


def _exchanged(scope: Scope, start: Message, body: bytes) -> list[Message]:
    said = json.loads(body)
    answer = problem_page(Request(scope), start["status"], said)
    kept = [(name, value) for name, value in start["headers"] if name.lower() not in _BODY_HEADERS]
    return [
        {**start, "headers": [*kept, *answer.raw_headers]},
        {"type": "http.response.body", "body": answer.body},
    ]
