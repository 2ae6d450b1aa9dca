"""Request bodies within bounds: of size, of all of them together, of time, and of what parsing them costs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.errors import Rejected
from brevity.common.http import problem
from brevity.common.http.limits import network_of
from brevity.common.http.principal import Principal
from brevity.common.json_cost import check_values

SMALL = 65_536
"""Bodies up to this size are not counted against the room for all, and who is not known may send no larger ones: at the
open paths that is a key to sign in with."""
FIRST_SECONDS = 15.0
SLOWEST = 100_000
"""Bytes a second, after the first seconds: who sends more slowly holds room that others wait for."""
WAIT_SECONDS = 10.0
"""Longest wait for room."""
_STEP = 1 << 20
_MOST_FIELDS = 1_000


class Room:
    """Bytes of bodies that may be held at once: `total`, of which one caller takes half at most.

    Not safe between threads: one event loop uses it.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    def fits(self, caller: str, size: int) -> bool:
        return (
            self._taken.total() + size <= self._total and self._taken[caller] + size <= self._total // 2
        ) or not self._taken[caller] + self._taken.total()

    def take(self, caller: str, size: int) -> None:
        self._taken[caller] += size

    async def wait(self, caller: str, size: int) -> bool:
        """Take `size` when there is room for it; False when there is none in time."""
        async with self._changed:
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._changed.wait_for(lambda: self.fits(caller, size))
            except TimeoutError:
                return False
            self.take(caller, size)
            return True

    async def give(self, caller: str, size: int) -> None:
        async with self._changed:
            self._taken[caller] -= size
            if not self._taken[caller]:
                del self._taken[caller]
            self._changed.notify_all()


class Bodies:
    """ASGI middleware, behind the gate: it knows the caller.

    413 for a body over `max_bytes`: before reading it when its length is declared, else as soon as it has grown too
    long. 503 when there is no room for it beside those of others, 408 when it comes too slowly. A body that will be
    parsed as a whole is read here, and refused when parsing it would cost far more than its size.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, max_bytes_of_all: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._room = Room(max(max_bytes_of_all, 2 * max_bytes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        said = headers.get("content-length", "")
        declared = int(said) if said.isdecimal() and len(said) < 20 else 0
        most = self._max_bytes if _known(scope) else min(SMALL, self._max_bytes)
        if declared > most:
            await problem.of_error(_too_large(most))(scope, receive, send)
            return
        caller = _caller(scope)
        if declared > SMALL and not await self._room.wait(caller, declared):
            await _no_room()(scope, receive, send)
            return
        body = _Body(receive, self._room, caller, most, declared)
        try:
            if (declared or "transfer-encoding" in headers) and not _is_multipart(headers):
                try:
                    body.whole = await body.read()
                    if len(body.whole) > SMALL:
                        await asyncio.to_thread(_check, headers, body.whole)
                    else:
                        _check(headers, body.whole)
                except HTTPException as error:
                    await problem.of_status(error)(scope, receive, send)
                    return
                except Rejected as error:
                    await problem.of_error(error)(scope, receive, send)
                    return
            await self._app(scope, body.receive, send)
        finally:
            if body.taken:
                await self._room.give(caller, body.taken)


class _Body:
    """One request's body as it comes."""

    def __init__(self, receive: Receive, room: Room, caller: str, most: int, declared: int) -> None:
        self._receive = receive
        self._room = room
        self._caller = caller
        self._most = most
        self._began = time.monotonic()
        self._received = 0
        self._complete = False
        self.taken = declared if declared > SMALL else 0
        self.whole: bytes | None = None

    async def read(self) -> bytes:
        pieces: list[bytes] = []
        while not self._complete:
            message = await self._next()
            if message["type"] != "http.request":
                break
            pieces.append(message.get("body", b""))
        return b"".join(pieces)

    async def receive(self) -> Message:
        if self.whole is not None:
            body, self.whole = self.whole, None
            return {"type": "http.request", "body": body, "more_body": False}
        if self._complete:
            return await self._receive()
        return await self._next()

    async def _next(self) -> Message:
        allowed = self._began + FIRST_SECONDS + self._received / SLOWEST - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, allowed)):
                message = await self._receive()
        except TimeoutError:
            # An HTTPException is what passes through FastAPI's body parsing as it is.
            raise HTTPException(408, "the body comes too slowly", {"Connection": "close"}) from None
        self._received += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body")
        if self._received > self._most:
            raise HTTPException(413, _too_large(self._most).message)
        if self._received > max(self.taken, SMALL):  # its length was not declared
            if not self._room.fits(self._caller, _STEP):
                raise HTTPException(503, _BUSY, {"Retry-After": "5", "Connection": "close"})
            self._room.take(self._caller, _STEP)
            self.taken += _STEP
        return message


def _check(headers: Headers, body: bytes) -> None:
    if headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded"):
        if body.count(b"&") > _MOST_FIELDS:
            raise Rejected("the form has too many fields", code="too_many_values", remedy="Send fewer.")
        return
    check_values(body)


def _is_multipart(headers: Headers) -> bool:
    return headers.get("content-type", "").lower().startswith("multipart/form-data")


def _known(scope: Scope) -> bool:
    return isinstance(scope.get("state", {}).get("principal"), Principal)


def _caller(scope: Scope) -> str:
    principal = scope.get("state", {}).get("principal")
    if isinstance(principal, Principal):
        return f"{principal.tenant}/{principal.subject}"
    return f"address {network_of(scope['client'][0] if scope.get('client') else '')}"


def _too_large(most: int) -> Rejected:
    return Rejected(
        f"the request's body is over the limit of {most:,} bytes",
        code="too_large",
        remedy="Send less, or have BREVITY_HTTP_MAX_BODY_BYTES raised.",
    )


_BUSY = "as many bytes are being received as this service has room for"


def _no_room():
    return problem.problem(
        503,
        "busy",
        _BUSY,
        "Wait some seconds and send it again; the operator sets BREVITY_HTTP_MAX_BODY_BYTES_OF_ALL.",
        headers={"Retry-After": "5", "Connection": "close"},
    )
