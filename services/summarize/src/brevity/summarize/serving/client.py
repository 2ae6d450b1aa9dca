"""How the stage reaches the engine: replicas behind Ray Serve, or the engine in its own process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import urllib3

from brevity.common.errors import Transient, Unavailable
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.app import ROUTE
from brevity.summarize.serving.wire import Answer, dump_jobs, load_answers
from brevity.summarize.settings import EngineSettings


class EngineClient(Protocol):
    """Answers micro-batches. Calls block; safe to share between threads."""

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        """One answer per job, in order. Raises Unavailable when the engine is away or its queue is full."""
        ...

    def ping(self) -> None:
        """Raises Unavailable when the engine does not answer."""
        ...


class LocalClient:
    """The engine inside this process, one call at a time."""

    def __init__(self, engine: SummaryEngine) -> None:
        self._engine = engine
        self._one_at_a_time = threading.Lock()

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        with self._one_at_a_time:
            return list(self._engine.summarize(jobs))

    def ping(self) -> None:
        """The engine is here."""


class ServeClient:
    """Ray Serve over HTTP.

    A full queue (503) and a server that does not answer hold the work. A replica that dies under a micro-batch (500),
    or does not finish it in time, may have been killed by one of its documents: each is then tried by itself, and
    one that fails alone is counted as a failed attempt of that document.
    """

    def __init__(self, host: str, port: int, *, timeout_seconds: float, connections: int) -> None:
        self._base = f"http://{host}:{port}"
        self._http = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=2.0, read=timeout_seconds),
        )

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        try:
            answer = self._http.request(
                "POST", self._base + ROUTE, body=dump_jobs(jobs), headers={"content-type": "application/json"}
            )
        except urllib3.exceptions.ReadTimeoutError:
            return self._singly(jobs, "engine_timeout", "the engine did not finish in time")
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"the engine does not answer ({type(error).__name__})", code="engine_away"
            ) from error
        if answer.status == 200:
            return load_answers(answer.data)
        if answer.status == 500:
            return self._singly(jobs, "engine_died", "the engine died while it worked on the document")
        full = answer.status == 503
        raise Unavailable(
            "the engine's queue is full" if full else f"the engine answers with status {answer.status}",
            code="engine_full" if full else "engine_away",
        )

    def ping(self) -> None:
        try:
            status = self._http.request("GET", f"{self._base}/-/healthz", timeout=2.0).status
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("the engine does not answer", code="engine_away") from error
        if status != 200:
            raise Unavailable(f"the engine is not healthy (status {status})", code="engine_away")

    def _singly(self, jobs: Sequence[Job], code: str, message: str) -> list[Answer]:
        if len(jobs) == 1:
            return [Transient(message, code=code)]
        return [answer for job in jobs for answer in self.summarize([job])]


def connect(settings: EngineSettings, *, threads: int) -> EngineClient:
    """The client that the settings ask for, fit for `threads` calls at once."""
    if settings.client == "local":
        return LocalClient(load_engine(settings.engine))
    return ServeClient(
        settings.serve_host,
        settings.serve_port,
        timeout_seconds=settings.call_timeout_seconds,
        connections=threads,
    )
