"""Connections within bounds, below HTTP: who is silent, slow or endless before its first word makes room for others.

uvicorn bounds neither the time nor (with its faster parser) the size of a request's head, nor how many connections are
open: a thousand silent ones take every file handle, and with them the probes. Here a newcomer always gets in: the
idle connection that has waited longest, of the address with the most, makes room for it.
"""

from __future__ import annotations

import importlib.util
import resource
from collections import Counter
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from brevity.common.http.limits import network_of

if TYPE_CHECKING:
    _Base = H11Protocol
else:
    _Base = object

MOST_CONNECTIONS = 1_000
HEAD_BYTES = 65_536
"""Most bytes of a request's line and headers."""
HEAD_LINES = 200
MOST_PIPELINED = 8
"""Requests that wait on one connection for the answer to another before them."""
HEAD_SECONDS = 15.0
"""Longest wait for a whole head; longer than a connection may rest between two requests."""
WRITE_SECONDS = 60.0
"""Longest time that an answer waits for somebody to read it."""
_OTHER_FILES = 300
"""File handles left to everything but connections."""
_WANTED_FILES = 4_096


class Bounded(_Base):
    """Mixed into a uvicorn protocol."""

    waiting_since = 0.0
    network = ""
    """Where it comes from."""
    most_connections = MOST_CONNECTIONS
    _stuck_since: float | None = None
    _head = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self.network = network_of(str(self.client[0]) if self.client else "")
        if len(self.connections) > self.most_connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._head += len(data)
        super().data_received(data)
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self._refuse_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.waiting_since = self.loop.time()

    @property
    def busy(self) -> bool:
        """Whether a request has come that is not answered yet."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def overdue(self, now: float) -> bool:
        """Whether the other side has taken more time than it may."""
        if not self.busy:
            self._stuck_since = None
            return now - self.waiting_since > HEAD_SECONDS
        if not self.flow.write_paused:
            self._stuck_since = None
            return False
        self._stuck_since = self._stuck_since or now
        return now - self._stuck_since > WRITE_SECONDS

    def _make_room(self) -> None:
        others: list[Any] = list(self.connections)
        idle = [other for other in others if not other.busy and not other.transport.is_closing()]
        each = Counter(other.network for other in idle)
        leaving: Any = max(
            (other for other in idle if other is not self),
            key=lambda other: (each[other.network], -other.waiting_since),
            default=self,
        )
        leaving.transport.abort()

    def _refuse_head(self) -> None:
        if not self.busy:
            self.transport.write(_HEAD_TOO_LARGE)
        self.transport.close()


_HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 31\r\nconnection: close\r\n\r\nthe request's head is too large"
)


class BoundedH11(Bounded, H11Protocol):
    """On the parser in plain Python, which bounds an unfinished head by itself."""

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            H11Protocol.data_received(self, data)


def protocol(most_connections: int) -> type[Any]:
    """The protocol class for uvicorn's configuration: on its faster parser where that is installed."""
    if importlib.util.find_spec("httptools") is None:
        return type("BoundedH11", (BoundedH11,), {"most_connections": most_connections})
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    base: Any = HttpToolsProtocol

    class BoundedHttpTools(Bounded, base):
        def on_header(self, name: bytes, value: bytes) -> None:
            if len(self.headers) >= HEAD_LINES:
                raise ValueError("too many headers")  # ends the parsing: `send_400_response` follows
            base.on_header(self, name, value)

        def on_headers_complete(self) -> None:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > HEAD_BYTES or len(self.pipeline) >= MOST_PIPELINED:
                raise ValueError("too large a head, or too many requests ahead of their answers")
            self._head = 0
            base.on_headers_complete(self)

        def on_body(self, body: bytes) -> None:
            self._head = 0
            base.on_body(self, body)

    BoundedHttpTools.most_connections = most_connections
    return BoundedHttpTools


def make_room_for_connections() -> int:
    """Raise the limit of open files as far as it takes; returns how many connections fit into it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _WANTED_FILES:
        wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        soft = max(soft, wanted)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(16, min(MOST_CONNECTIONS, soft - _OTHER_FILES))
