"""How the stage reaches the engine: replicas behind Ray Serve, or the engine in its own process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Protocol

import urllib3

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.engines.registry import loader
from brevity.summarize.serving.answering import answer_all
from brevity.summarize.serving.wire import BEHIND_HEADER, ROUTE, Answer, dump_behind, dump_jobs, load_answers
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.wiring import live_engine

_PATIENCE_SECONDS = 60.0
"""Longer than Serve takes to find a replica that has stopped altogether, and to end its requests with 500."""


class EngineClient(Protocol):
    """Answers micro-batches. Calls block; safe to share between threads."""

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        """One answer per job, in order; Unavailable in the place of one that is to be asked again, by itself.

        Raises Unavailable when the engine is away or its queue is full and none was answered.
        """
        ...

    def ping(self) -> None:
        """Raises Unavailable when the engine does not answer."""
        ...


class LocalClient:
    """The engine inside this process, one call at a time.

    Args:
        ready: Whether the engine may be asked already.
    """

    def __init__(self, engine: SummaryEngine, ready: Callable[[], bool] = lambda: True) -> None:
        self._engine = engine
        self._ready = ready
        self._one_at_a_time = threading.Lock()

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        self.ping()
        with self._one_at_a_time:
            return answer_all(self._engine, jobs)

    def ping(self) -> None:
        if not self._ready():
            raise Unavailable("it is not known yet which model version to serve", code="engine_starting")


class ServeClient:
    """Ray Serve over HTTP.

    A full queue (503) and a server that does not answer hold the work. A replica that dies under a micro-batch (500),
    or does not finish it in time (504), may have been killed by one of its documents: each is then tried by itself,
    and one that fails alone is counted as a failed attempt of that document.

    Args:
        token: What the replicas ask for, if they do.
        engine_seconds: The replicas' own limit for one micro-batch. A request may wait for others before it, so it is
            given up much later than that, and then blames no document.
        unfinished: Documents that the caller has to have summarized, those that it is asking for included. Each call
            tells the replicas what of them waits for a later one, for the autoscaler.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        token: str | None,
        engine_seconds: float,
        connections: int,
        unfinished: Callable[[], int] = lambda: 0,
    ) -> None:
        self._name = secrets.token_hex(4)
        self._asked = _Asked(unfinished)
        self._base = f"http://{host}:{port}"
        self._headers = {"content-type": "application/json"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._http = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=2.0, read=2 * engine_seconds + _PATIENCE_SECONDS),
        )

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        try:
            with self._asked(len(jobs)) as behind:
                headers = self._headers | {BEHIND_HEADER: dump_behind(self._name, behind)}
                answer = self._http.request("POST", self._base + ROUTE, body=dump_jobs(jobs), headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"the engine does not answer ({type(error).__name__})", code="engine_away"
            ) from error
        match answer.status:
            case 200:
                return load_answers(answer.data)
            case 500:
                return self._singly(
                    jobs, Transient("the engine died while it worked on the document", code="engine_died")
                )
            case 504:
                return self._singly(
                    jobs, Transient("the engine did not finish the document in time", code="engine_timeout")
                )
            case 413:
                return self._singly(
                    jobs,
                    Rejected(
                        "the document is larger than the engine takes",
                        code="too_large",
                        remedy="Split it, or have BREVITY_SUMMARIZE_MAX_CALL_BYTES raised for `serve`.",
                    ),
                )
            case 401:
                raise Fatal(
                    "the engine refuses the stage's token",
                    code="engine_refused",
                    remedy="Give `serve` and `stage` the same BREVITY_SUMMARIZE_SERVE_TOKEN.",
                )
            case 503:
                raise Unavailable("the engine's queue is full", code="engine_full")
            case status:
                raise Unavailable(f"the engine answers with status {status}", code="engine_away")

    def ping(self) -> None:
        try:
            status = self._http.request("GET", f"{self._base}/-/healthz", timeout=2.0).status
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("the engine does not answer", code="engine_away") from error
        if status != 200:
            raise Unavailable(f"the engine is not healthy (status {status})", code="engine_away")

    def _singly(self, jobs: Sequence[Job], error: BrevityError) -> list[Answer]:
        if len(jobs) == 1:
            return [error]
        return [self._alone(job) for job in jobs]

    def _alone(self, job: Job) -> Answer:
        # One that has to wait, say while a dead replica is replaced, must not make the one that killed it forgotten.
        try:
            [answer] = self.summarize([job])
        except Unavailable as error:
            return error
        return answer


class _Asked:
    """Documents that are being asked for; safe to share between threads."""

    def __init__(self, unfinished: Callable[[], int]) -> None:
        self._unfinished = unfinished
        self._lock = threading.Lock()
        self._documents = 0

    @contextmanager
    def __call__(self, documents: int) -> Generator[int]:
        """While so many more are asked for; yields the unfinished ones that nobody asks for yet."""
        with self._lock:
            self._documents += documents
            behind = max(0, self._unfinished() - self._documents)
        try:
            yield behind
        finally:
            with self._lock:
                self._documents -= documents


def connect(
    settings: SummarizeSettings, *, threads: int, unfinished: Callable[[], int] = lambda: 0
) -> EngineClient:
    """The client that the settings ask for, fit for `threads` calls at once; `unfinished` as in ServeClient."""
    engine = settings.summarize
    if engine.client == "local":
        live = live_engine(settings, loader(settings)).live
        return LocalClient(live, lambda: live.ready)
    return ServeClient(
        engine.serve_host,
        engine.serve_port,
        token=engine.serve_token.get_secret_value() if engine.serve_token else None,
        engine_seconds=engine.call_timeout_seconds,
        connections=threads,
        unfinished=unfinished,
    )
