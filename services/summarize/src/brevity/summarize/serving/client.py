"""How the stage reaches the engine: replicas behind Ray Serve, or the engine in its own process."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Protocol

import urllib3

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.engines.registry import loader
from brevity.summarize.serving.answering import answer_all
from brevity.summarize.serving.wire import BEHIND_HEADER, ROUTE, Answer, dump_behind, dump_jobs, load_answers
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.wiring import live_engine

KNOWN_TEXT = (
    "The town council met on Monday evening to speak about the old bridge. Its stones have moved since the flood in "
    "spring, and lorries have had to go a long way round. The engineers showed two plans. The first mends the arches "
    "and keeps the road as narrow as it is. The second builds a new bridge beside the old one, which would then belong "
    "to those who walk. After two hours the council chose the second plan. Work begins in autumn and takes a year. "
    "The money comes from the county, the town and a fund for historic buildings."
)
"""What a probe asks for: long enough that an engine has to work on it."""
KNOWN_WORDS = 20

_PATIENCE_SECONDS = 60.0
"""Longer than Serve takes to find a replica that has stopped altogether, and to end its requests with 500."""


_AGAIN_SECONDS = 0.5


class EngineClient(Protocol):
    """Answers micro-batches. Calls block; safe to share between threads."""

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        """One answer per job, in order; Unavailable in the place of one that the engine could not do now.

        Raises Unavailable when the engine is away or its queue is full and none was answered. The probe of either asks
        the engine for the summary of a text that it can do.
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
            answers = answer_all(self._engine, jobs)
        return with_probes(jobs, answers, lambda job: probe(job, self.summarize))

    def ping(self) -> None:
        if not self._ready():
            raise Unavailable(
                "it is not known yet which model version to serve", code="engine_starting", probe=self.ping
            )


class ServeClient:
    """Ray Serve over HTTP.

    A full queue (503) and a server that does not answer are Unavailable. A replica that dies under a micro-batch (500),
    or does not finish it in time (504), may have been killed by one of its documents: each is then tried by itself at
    once, because in halves the same document would kill a replica at each step.

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
        self._probe_timeout = urllib3.Timeout(connect=2.0, read=engine_seconds)
        self._http_timeout = urllib3.Timeout(connect=2.0, read=2 * engine_seconds + _PATIENCE_SECONDS)
        self._headers = {"content-type": "application/json"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._http = urllib3.PoolManager(maxsize=connections, block=False, retries=False)

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        with self._asked(len(jobs)) as behind:
            headers = {BEHIND_HEADER: dump_behind(self._name, behind)}
            answer = self._post(jobs, headers, self._http_timeout)
            if answer.status == 400 and any(
                job.blocks for job in jobs
            ):  # a replica of before there were blocks
                answer = self._post([replace(job, blocks=()) for job in jobs], headers, self._http_timeout)
        return with_probes(jobs, self._answers(jobs, answer), self._probe)

    def _post(
        self, jobs: Sequence[Job], headers: dict[str, str], timeout: urllib3.Timeout
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                "POST",
                self._base + ROUTE,
                body=dump_jobs(jobs),
                headers=self._headers | headers,
                timeout=timeout,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(
                f"the engine does not answer ({type(error).__name__})",
                code="engine_away",
                probe=partial(self._probe, jobs[0]),
            ) from error

    def _answers(self, jobs: Sequence[Job], answer: urllib3.BaseHTTPResponse) -> list[Answer]:
        asks = partial(self._probe, jobs[0])
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
                raise Unavailable("the engine's queue is full", code="engine_full", probe=asks, busy=True)
            case status:
                raise Unavailable(f"the engine answers with status {status}", code="engine_away", probe=asks)

    def _probe(self, job: Job) -> None:
        """For no longer than the engine may take; see `probe`."""
        probe(job, lambda jobs: self._answers(jobs, self._post(jobs, {}, self._probe_timeout)))

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
        deadline = time.monotonic() + _PATIENCE_SECONDS
        return [self._alone(job, deadline) for job in jobs]

    def _alone(self, job: Job, deadline: float) -> Answer:
        """Waits while a dead replica is replaced: were the job asked for with others again, it would kill the next."""
        while True:
            try:
                (answer,) = self.summarize([job])
            except Unavailable as error:
                answer = error
            if not isinstance(answer, Unavailable) or time.monotonic() > deadline:
                return answer
            time.sleep(_AGAIN_SECONDS)


def with_probes(jobs: Sequence[Job], answers: Sequence[Answer], ask: Callable[[Job], None]) -> list[Answer]:
    """Gives each answer that is Unavailable the probe `ask`, by the job it answers."""
    for job, answer in zip(jobs, answers, strict=False):  # their number is checked where they are used
        if isinstance(answer, Unavailable) and answer.probe is None:
            answer.probe = partial(ask, job)
    return list(answers)


def probe(job: Job, summarize: Callable[[Sequence[Job]], list[Answer]]) -> None:
    """Ask for the summary of a text that any engine can do, on the way that `job` takes.

    Raises:
        Unavailable: The engine does not summarize that either.
    """
    known = replace(job, text=KNOWN_TEXT, title=None, words=KNOWN_WORDS, style="paragraph", blocks=())
    (answer,) = summarize([known])
    if isinstance(answer, Transient):
        raise Unavailable(answer.message, code=answer.code)


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
