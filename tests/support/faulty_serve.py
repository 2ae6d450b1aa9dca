"""The serving process with an engine that some documents hurt, as real ones may. Run by tests, with -m.

A document that begins with one of the marks kills the replica, hangs it, holds it for a while, or meets a bug; every
other one is summarized by the engine that is named.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from brevity.common.errors import BrevityError
from brevity.common.settings import load_settings
from brevity.summarize.engines.port import Job, Summary, SummaryEngine
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.app import run
from brevity.summarize.settings import SummarizeSettings

KILLS, HANGS, SLOW, BUG = "Kills.", "Hangs.", "Slow.", "Bug."
SLOW_SECONDS = 0.3


class FaultyEngine:
    def __init__(self, engine: SummaryEngine) -> None:
        self._engine = engine
        self.name, self.model_version = engine.name, engine.model_version

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        for job in jobs:
            if job.text.startswith(KILLS):
                os.kill(os.getpid(), signal.SIGKILL)
            if job.text.startswith(HANGS):
                time.sleep(3_600)
            if job.text.startswith(SLOW):
                time.sleep(SLOW_SECONDS)
            if job.text.startswith(BUG):
                raise KeyError(job.text)
        return self._engine.summarize(jobs)


def load(uri: str) -> SummaryEngine:
    return FaultyEngine(load_engine(uri))


if __name__ == "__main__":
    # By its importable name: replicas look the function up there.
    from tests.support import faulty_serve

    run(load_settings(SummarizeSettings), faulty_serve.load)
