"""Runs jobs one after another: takes one, lets it work in a process of its own, and writes down what it says.

Whatever ends the service, the job is not lost: its lease runs out, and the next instance resumes it. While the store is
away the job goes on as long as its lease can be valid; one that is ended by a longer absence has not used up an attempt.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import millisecond
from brevity.trainer.jobs.lease import Lease
from brevity.trainer.jobs.model import LOG_LINES, Job
from brevity.trainer.jobs.process import WORKER, JobProcess, Limits, Report
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.settings import TrainerBlock

log = get_logger(__name__)

_POLL_SECONDS = 0.3
_LAST_WORDS_SECONDS = 2.0
_REST_SECONDS = 0.5
_KEPT = frozenset(
    {"progress", "step", "message", "metrics", "checkpoint", "mlflow_run_id", "run_url", "version"}
)
"""Fields that the process may set."""

Finish = Callable[[Job, Mapping[str, Any]], Mapping[str, Any]]
"""Acts on a result (promotes, or does not) and says with which fields the job ends. Safe to repeat."""


class Runner:
    """`run` works in the calling thread until `stop`."""

    def __init__(
        self,
        jobs: Jobs,
        settings: TrainerBlock,
        metrics: TrainerMetrics,
        finish: Finish,
        *,
        command: Sequence[str] = WORKER,
    ) -> None:
        self._jobs = jobs
        self._settings = settings
        self._metrics = metrics
        self._finish = finish
        self._command = command
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._excused: list[Job] = []
        self._stopping = threading.Event()
        self._turned = time.monotonic()

    def heartbeat_age_seconds(self) -> float:
        return time.monotonic() - self._turned

    def stop(self) -> None:
        """End the job at hand, to be resumed, and let `run` return."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._turned = time.monotonic()
            try:
                if self.turn():
                    continue
            except BrevityError as error:
                log.warning("the runner waits", code=error.code, reason=error.message)
            self._stopping.wait(_REST_SECONDS)

    def turn(self) -> bool:
        """Take a job and see it through; False when none waits."""
        while self._excused:  # before anybody counts them
            self._jobs.excuse(self._excused[0])
            self._excused.pop(0)
        for lost in self._jobs.take_over():
            log.warning("a job lost its instance", job_id=lost.job_id, attempt=lost.attempt)
            self._metrics.resumed.inc()
        asked_at = time.monotonic()
        job = self._jobs.claim(self._settings.instance, self._lease)
        if job is None:
            return False
        log.info("job started", job_id=job.job_id, model=job.model, reason=job.reason, attempt=job.attempt)
        self._metrics.running.set(1)
        try:
            self._see_through(job, Lease(self._lease.total_seconds(), asked_at))
        finally:
            self._metrics.running.set(0)
            self._metrics.memory.set(0)
        ended = self._jobs.get(job.job_id)
        if ended.ended:
            self._metrics.jobs.labels(ended.state, ended.reason).inc()
            self._metrics.job_seconds.observe(ended.seconds())
        log.info("job stands", job_id=job.job_id, state=ended.state, said=ended.message)
        return True

    def _see_through(self, job: Job, lease: Lease) -> None:
        limits = Limits(seconds=self._settings.max_seconds, memory_bytes=self._settings.max_memory_bytes)
        process = JobProcess(job.model_dump(mode="json"), limits, command=self._command)
        said: list[Report] = []  # and not yet written down
        waiting = False
        try:
            with lease.watched(process.kill):
                while not lease.lost:
                    self._turned = time.monotonic()
                    status = process.exit_status()
                    said += process.next(_POLL_SECONDS if status is None else 0)
                    if any(report.kind in {"result", "error"} for report in said):
                        said += process.rest(_LAST_WORDS_SECONDS)
                    _forget_old_lines(said)
                    try:
                        if self._settled(job, lease, process, said, status):
                            return
                        waiting = False
                    except Unavailable as error:
                        if not waiting:
                            log.warning("a job goes on by its lease", job_id=job.job_id, reason=error.message)
                        waiting = True
                        if self._stopping.wait(_POLL_SECONDS):
                            with contextlib.suppress(Unavailable):  # else its lease runs out
                                self._jobs.interrupt(job, "the service was stopped")
                            return
        finally:
            process.kill()
        log.warning("the lease was lost: the store was away for longer", job_id=job.job_id)
        self._excused.append(job)

    def _settled(
        self, job: Job, lease: Lease, process: JobProcess, said: list[Report], status: int | None
    ) -> bool:
        """Keep the lease and write down what was said; whether the job is no longer ours to see to. Raises Unavailable."""
        if lease.due:
            asked_at = time.monotonic()
            if self._jobs.renew(job, self._lease) is None:
                log.warning("another instance has the job", job_id=job.job_id)
                return True
            lease.renewed(asked_at)
        if self._jobs.get(job.job_id).cancel_asked:
            self._jobs.interrupt(job, "cancelled")
            return True
        over = process.over()
        try:
            if self._take(job, said):
                return True
        except Unavailable:
            if over is None:
                raise
        if over is not None:
            self._jobs.report(job, _failed("over_limit", over))
            return True
        if status is not None and not lease.lost:
            self._jobs.report(job, _failed("worker_died", f"its process ended with status {status}"))
            return True
        self._metrics.memory.set(process.memory_bytes())
        if self._stopping.is_set():
            self._jobs.interrupt(job, "the service was stopped")
            return True
        return False

    def _take(self, job: Job, said: list[Report]) -> bool:
        """Write down what the process said, and take it out of `said`; True when it has said its last word."""
        fields: dict[str, Any] = {}
        lines: list[str] = []
        last: Report | None = None
        for report in said:
            if report.kind == "log":
                lines.append(str(report.fields["line"]))
            elif report.kind == "report":
                fields |= _flat(report.fields)
            else:
                last = report
        if last is not None and last.kind == "error":
            code, message = str(last.fields.get("code")), str(last.fields.get("message"))
            self._jobs.report(job, {**fields, **_failed(code, message)}, lines)
            return True
        if (fields or lines) and not self._jobs.report(job, fields, lines):
            return True
        said[:] = [] if last is None else [last]
        if last is None:
            return False
        try:
            end = dict(self._finish(self._jobs.get(job.job_id), last.fields))
        except Unavailable as error:
            if error.code != "champion_changed":
                raise  # it is finished when that is back
            self._jobs.interrupt(job, f"{error.message} when it was finished")
            return True
        except BrevityError as error:
            self._jobs.report(job, _failed(error.code, error.message))
            return True
        self._jobs.report(
            job,
            {
                "state": "succeeded",
                "progress": 1.0,
                "finished_at": millisecond(datetime.now(UTC)),
                **_let_go(),
                **end,
            },
        )
        return True


def _forget_old_lines(said: list[Report]) -> None:
    """Of the log only the end is kept anyway, however long the store is away."""
    lines = [report for report in said if report.kind == "log"]
    for old in lines[:-LOG_LINES]:
        said.remove(old)


def _flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics and checkpoints are added to those there are; everything else replaces."""
    out: dict[str, Any] = {}
    for name, value in fields.items():
        if name not in _KEPT:
            continue
        if name in {"metrics", "checkpoint"} and isinstance(value, dict):
            out |= {f"{name}.{key.replace('.', '_')}": item for key, item in value.items()}
        else:
            out[name] = value
    return out


def _failed(code: str, message: str) -> dict[str, Any]:
    return {
        "state": "failed",
        "code": code,
        "message": message,
        "finished_at": millisecond(datetime.now(UTC)),
        **_let_go(),
    }


def _let_go() -> dict[str, Any]:
    return {"owner": None, "lease_until": None}
