"""Keeps the local platform's processes up: what dies is started again, with pauses, a limit and a plain line each time."""

from __future__ import annotations

import contextlib
import http.client
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from deploy.local.java import LocalStackError, Server, end_session, listening

_TURN_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0
_PORT_SECONDS = 60.0
_LOG_END = 1_500


@dataclass(frozen=True, slots=True)
class Limit:
    """How often one process may die within a time before the whole ends."""

    deaths: int = 5
    seconds: float = 300.0


@dataclass(slots=True)
class _Watched:
    server: Server
    started: float
    ready: bool = False
    deaths: deque[float] = field(default_factory=deque[float])
    due: float | None = None
    """When it is to be started again; None while it runs."""


class Supervisor:
    """Watches in a thread of its own while the context is open; leaving it ends the watch and no process.

    Args:
        say: Gets a line for a person at each death and each return.
    """

    def __init__(self, say: Callable[[str], None], limit: Limit | None = None) -> None:
        self._say = say
        self._limit = limit or Limit()
        self._watched: list[_Watched] = []
        self._failure: LocalStackError | None = None
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def open(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the watch, and no process. Harmless before `open`."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, *servers: Server) -> None:
        """Start `servers` and watch them from now on. Raises LocalStackError when one cannot even be begun."""
        for server in servers:
            with self._lock:
                server.start()
                self._watched.append(_Watched(server, time.monotonic()))

    def wait_ready(self, *servers: Server) -> None:
        """Until each of `servers` answers. Raises LocalStackError when one died too often."""
        while not all(one.ready for one in self._watched if one.server in servers):
            self.check()
            time.sleep(0.1)

    def check(self) -> None:
        """Raises LocalStackError once a process has died too often."""
        if self._failure is not None:
            raise self._failure

    def _watch(self) -> None:
        while not self._ending.wait(_TURN_SECONDS):
            try:
                for one in tuple(self._watched):
                    with self._lock:
                        self._look_after(one)
            except LocalStackError as error:
                self._failure = error
                return

    def _look_after(self, one: _Watched) -> None:
        now = time.monotonic()
        process = one.server.process
        if one.due is not None:
            # What a dead process left may hold its port for a while: Ray's own end when they miss it.
            held = now < one.due + _PORT_SECONDS and listening(one.server.port)
            if now >= one.due and not held and not self._ending.is_set():
                self._start_again(one)
        elif process is not None and (status := process.poll()) is not None:
            end_session(process.pid)
            self._died(one, _how(status))
        elif one.ready:
            return
        elif _answers(one.server):
            one.ready = True
            if one.deaths:
                self._say(f"{one.server.name} is up again")
        elif process is not None and now - one.started > one.server.start_seconds:
            if one.server.waits():  # starting it again would not bring what it waits for
                one.started = now
                return
            one.server.kill()
            end_session(process.pid)
            self._died(one, f"was not ready within {one.server.start_seconds:.0f} s")

    def _start_again(self, one: _Watched) -> None:
        one.due = None
        try:
            one.server.start()
        except (LocalStackError, OSError) as error:  # its port may be taken a moment longer
            self._died(one, f"could not start: {error}")
        else:
            one.started = time.monotonic()

    def _died(self, one: _Watched, how: str) -> None:
        now = time.monotonic()
        one.ready = False
        one.deaths.append(now)
        while one.deaths[0] < now - self._limit.seconds:
            one.deaths.popleft()
        times, name, log = len(one.deaths), one.server.name, one.server.log
        within = f"{self._limit.deaths} times in {self._limit.seconds / 60:g} minutes"
        if times > self._limit.deaths:
            raise LocalStackError(
                f"{name} {how}; it was started again {within} and is not any more. Its log {log} ends:\n{_end_of(one)}"
            )
        one.due = now + min(_LONGEST_PAUSE_SECONDS, 2.0 ** (times - 1) - 1)
        self._say(f"{name} {how}; it is started again ({times} of at most {within}), its log: {log}")


def _answers(server: Server) -> bool:
    """Whatever a half started server says instead of an answer is none."""
    try:
        return server.ready()
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _how(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"


def _end_of(one: _Watched) -> str:
    log = one.server.log
    return log.read_text(errors="replace")[-_LOG_END:] if log.exists() else ""
