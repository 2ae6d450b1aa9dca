"""Limits on what a caller may ask of a door: how often, and how much at once; both in bounded memory."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.errors import Rejected
from brevity.common.http import problem

MAX_CALLERS = 10_000
"""Buckets kept; the caller seen longest ago is forgotten first and would start with a full bucket again."""


class TokenBuckets:
    """Each caller may make `burst` requests at once and `rate` a second in the long run.

    Not safe between threads: one event loop uses it.
    """

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, caller: str) -> int:
        """Take a token; 0 when there was one, else the whole seconds to wait for the next."""
        now = self._clock()
        tokens, at = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        allowed = tokens >= 1
        self._buckets[caller] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - tokens) / self._rate)


class BodyLimit:
    """Answers 413 to a request body over `max_bytes`: before reading it when its length is declared, else as soon as
    it has grown too long, so that memory stays bounded either way."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            await problem.of_error(self._too_large())(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                # An HTTPException is what passes through FastAPI's body parsing as it is.
                raise HTTPException(413, self._too_large().message)
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> Rejected:
        return Rejected(
            f"the request's body is over the limit of {self._max_bytes:,} bytes",
            code="too_large",
            remedy="Send less, or have BREVITY_HTTP_MAX_BODY_BYTES raised.",
        )
