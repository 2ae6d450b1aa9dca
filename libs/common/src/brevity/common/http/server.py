"""Runs an HTTP application: beside a blocking stage in a thread of its own, or as the process's main loop."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from brevity.common.errors import Fatal
from brevity.common.http.connections import HEAD_BYTES, make_room_for_connections, protocol
from brevity.common.settings import HttpSettings

_TICKS = 10
"""uvicorn ticks ten times a second."""

USUAL_PORTS = {"ingest": 8001, "summarize": 8002, "feedback": 8003, "trainer": 8004}


def port_of(http: HttpSettings, service: str) -> int:
    """The port that is set, else the service's usual one."""
    return http.port or USUAL_PORTS[service]


class BackgroundServer:
    """Serves `app` from a thread. `port` 0 takes a free one; `.port` says which once it has started."""

    def __init__(self, app: ASGIApp, host: str, port: int, *, graceful_seconds: float = 5.0) -> None:
        self._socket = _bind(host, port)
        self._server = _Server(_config(app, graceful_seconds))
        self._graceful_seconds = graceful_seconds
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._error: BaseException | None = None

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Return when requests are being answered.

        Raises:
            Fatal: The application failed while starting; the cause is chained.
        """
        self._thread.start()
        self._server.settled.wait()
        if not self._server.started:
            self._thread.join()
            raise Fatal(
                "the HTTP door could not start", code="http_start", remedy="See the cause in the log."
            ) from self._error

    def stop(self) -> None:
        """Finish the requests at hand (for `graceful_seconds` at most), then stop. Harmless when not running."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(self._graceful_seconds + 5)
        self._socket.close()

    def __enter__(self) -> BackgroundServer:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits in `start`
            self._error = error
        finally:
            self._server.settled.set()


def run_server(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    graceful_seconds: float = 25.0,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests at hand and return, so that the process exits 0.

    `stopping` is called in the loop before that, to end answers that would go on for ever.

    Raises:
        Fatal: The port is taken, or the application failed while starting.
    """
    bound = _bind(host, port)
    server = _Server(_config(app, graceful_seconds), stopping)
    try:
        with bound:
            server.run(sockets=[bound])
    except SystemExit:  # uvicorn's way of saying that the lifespan failed; it has logged why
        raise Fatal(
            "the service could not start", code="http_start", remedy="See the cause in the log."
        ) from None


class _Server(uvicorn.Server):
    """Beside what uvicorn does: ends connections that take more time than they may."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self.settled = threading.Event()
        self._stopping = stopping
        self._obeyed = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list[Any](self.server_state.connections):
                if connection.overdue(now):
                    connection.transport.abort()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """As the parent's, except that a signal that was obeyed is not raised again: it was a clean stop."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._obey) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                # The process is on its way out: asking it again must not cut that short.
                signal.signal(number, signal.SIG_IGN if self._obeyed else handler)

    def _obey(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = self._obeyed = True


def _config(app: ASGIApp, graceful_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol(make_room_for_connections()),
        h11_max_incomplete_event_size=HEAD_BYTES,
        log_config=None,  # logs go through brevity.common.observability.logging
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `create_app` believes those of BREVITY_HTTP_TRUSTED_PROXIES
        date_header=True,
        ws="none",
        timeout_graceful_shutdown=int(graceful_seconds) or 1,
        timeout_keep_alive=10,
    )


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket, so that a taken port is our error and not a traceback from inside the server."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise Fatal(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            code="cannot_listen",
            remedy="Stop what uses the port, or set BREVITY_HTTP_PORT to a free one.",
        ) from error
