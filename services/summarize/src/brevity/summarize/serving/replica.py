"""One copy of the engine behind Ray Serve: who may ask, what is taken, one micro-batch at a time, never for ever."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import Any

from brevity.common.errors import Unavailable
from brevity.common.observability.logging import configure, get_logger
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.engines.registry import loader
from brevity.summarize.serving.answering import answer_all
from brevity.summarize.serving.wire import BEHIND_HEADER, Malformed, dump_answers, load_behind, load_jobs
from brevity.summarize.serving.workload import Workload, tokens_of
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.wiring import live_engine

log = get_logger(__name__)

LoadEngine = Callable[[str], SummaryEngine]


class _Refused(Exception):
    """The request is answered with `status` and a reason, and no engine is asked."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Replica:
    """Answers POST with a JSON list of jobs by a JSON list of answers, in order.

    An engine that is not done after `call_timeout_seconds` has hung: its request is answered with 504, those behind it
    with 503, and the health check fails from then on, so that Serve replaces this replica.
    """

    def __init__(self, settings: SummarizeSettings, load: LoadEngine | None = None) -> None:
        self._workload = Workload()
        configure(settings.telemetry, "summarize")
        engine = settings.summarize
        self._token = engine.serve_token.get_secret_value().encode() if engine.serve_token else None
        self._max_bytes = engine.max_call_bytes
        self._limit_seconds = engine.call_timeout_seconds
        self._serving = live_engine(settings, load or loader(settings))
        self._engine = self._serving.live
        self._turn = asyncio.Semaphore(1)
        self._hung = False
        self._began: float | None = None
        log.info("replica started", engine=self._engine.name)

    def __del__(self) -> None:
        """Called by Serve before it ends this replica: what is to be reported goes out first."""
        serving = getattr(self, "_serving", None)
        if serving is not None:
            serving.stop()

    async def __call__(self, request: Any) -> Any:
        from starlette.responses import PlainTextResponse, Response

        try:
            self._admit(request)
            if behind := load_behind(request.headers.get(BEHIND_HEADER, "")):
                self._workload.heard(*behind)
            jobs = await asyncio.to_thread(load_jobs, await self._body(request))
            answers = await self._answered(jobs)
        except Malformed as error:
            return PlainTextResponse(str(error), 400)
        except _Refused as refused:
            return PlainTextResponse(str(refused), refused.status)
        return Response(answers, media_type="application/json")

    def check_health(self) -> None:
        """Asked by Serve every few seconds; raises when this replica is to be replaced."""
        began = self._began
        if began is not None and time.monotonic() - began > self._limit_seconds + 1:
            self._hung = True  # also when the caller has gone and nobody waits for the answer
        if self._hung:
            raise Unavailable("the engine hangs", code="engine_timeout")

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """Asked by Serve every few seconds, for `serving.policy`; on the loop, like all that touches these figures."""
        if self._engine.ready:
            self._workload.ready()
        return self._workload.figures()

    def _admit(self, request: Any) -> None:
        if self._token is not None:
            given = request.headers.get("authorization", "").encode()
            if not hmac.compare_digest(given, b"Bearer " + self._token):
                raise _Refused(401, "wrong or missing token")
        if request.method != "POST":
            raise _Refused(405, "POST a JSON list of jobs")
        # A page in a browser cannot send this type to another origin without asking, and nobody answers that question.
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise _Refused(415, "the content type must be application/json")

    async def _body(self, request: Any) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise _Refused(413, f"more than {self._max_bytes} bytes")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_bytes:
                raise _Refused(413, f"more than {self._max_bytes} bytes")
        return bytes(body)

    async def _answered(self, jobs: list[Job]) -> bytes:
        await self._turn.acquire()
        if self._hung:
            self._turn.release()
            raise _Refused(503, "this replica is being replaced")
        if not self._engine.ready:
            self._turn.release()
            raise _Refused(503, "it is not known yet which model version to serve")
        # In a thread: the replica must go on answering health checks while the engine computes. The turn ends with
        # the work and not with the request, whose caller may go away before.
        self._began = time.monotonic()
        self._workload.begin(len(jobs))
        work = asyncio.get_running_loop().run_in_executor(None, self._work, jobs)
        work.add_done_callback(self._finished)
        done, _ = await asyncio.wait({work}, timeout=self._limit_seconds)
        if done:
            answers, _ = work.result()
            return answers
        self._hung = True
        self._turn.release()
        log.error("engine hangs", documents=len(jobs), seconds=self._limit_seconds)
        raise _Refused(504, "the engine did not finish in time")

    def _work(self, jobs: list[Job]) -> tuple[bytes, int]:
        answers = answer_all(self._engine, jobs)
        return dump_answers(answers), tokens_of(answers)

    def _finished(self, work: asyncio.Future[tuple[bytes, int]]) -> None:
        failed = work.cancelled() or work.exception()  # looked at, also when nobody waits any more
        self._workload.end(0 if failed else work.result()[1])
        self._began = None
        if not self._hung:
            self._turn.release()
