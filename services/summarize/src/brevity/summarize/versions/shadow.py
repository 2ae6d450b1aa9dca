"""A shadow summarizes what the champion has summarized, afterwards and beside it; only the differences are kept."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from brevity.common.errors import BrevityError
from brevity.common.observability.logging import get_logger
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.versions.comparison import Comparison
from brevity.summarize.versions.lineup import Lineup, timed

log = get_logger(__name__)

_MOST_WAITING = 128
"""Documents; more are left out, and counted: a slow shadow must not fill the memory."""
_REPORT_DOCUMENTS, _REPORT_SECONDS = 200, 10.0

Report = Callable[[Lineup, Comparison], None]


class Shadow:
    """`watch` is a `LiveEngine`'s watch; the work is done on a thread of its own, which rests as long as it works."""

    def __init__(
        self, report: Report, *, documents: int = _REPORT_DOCUMENTS, seconds: float = _REPORT_SECONDS
    ) -> None:
        self._report = report
        self._documents = documents
        self._seconds = seconds
        self._waiting: queue.Queue[tuple[Lineup, Job, Summary]] = queue.Queue(_MOST_WAITING)
        self._stopping = threading.Event()
        self._lineup: Lineup | None = None
        self._counts = Comparison()
        self._dropped = 0
        self._since = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Report what was counted and end."""
        self._stopping.set()
        self._thread.join(10)

    def watch(self, lineup: Lineup, jobs: Sequence[Job], answers: Sequence[Summary | BrevityError]) -> None:
        """Note a batch that the champion has answered; returns at once."""
        if lineup.challenger is None or lineup.rollout.mode != "shadow":
            return
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Summary) and lineup.takes(job):
                try:
                    self._waiting.put_nowait((lineup, job, answer))
                except queue.Full:
                    self._dropped += 1

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                lineup, job, summary = self._waiting.get(timeout=min(1.0, self._seconds))
            except queue.Empty:
                self._flush_if_due()
                continue
            try:
                self._compare(lineup, job, summary)
            except Exception:
                log.exception("comparing a shadow failed")
            self._flush_if_due()
        self._flush()

    def _compare(self, lineup: Lineup, job: Job, summary: Summary) -> None:
        if lineup is not self._lineup:
            self._flush()
            self._lineup = lineup
        challenger = lineup.challenger
        if challenger is None:
            return
        answer, seconds = timed(challenger.engine, job)
        self._counts.add(summary, answer, seconds)
        self._stopping.wait(seconds)

    def _flush_if_due(self) -> None:
        due = time.monotonic() - self._since >= self._seconds
        if self._counts.documents >= self._documents or due:
            self._flush()

    def _flush(self) -> None:
        self._since = time.monotonic()
        if self._lineup is None or not self._counts.documents:
            return
        counts, self._counts = self._counts, Comparison()
        counts.dropped, self._dropped = self._dropped, 0
        self._report(self._lineup, counts)
