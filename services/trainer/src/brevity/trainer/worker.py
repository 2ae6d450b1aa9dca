"""The process of one job: assemble the data, train, log, evaluate, register. It decides nothing and publishes nothing.

Each step that took time is a checkpoint: an attempt after a stop goes on from the last one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.observability import logging
from brevity.common.observability.logging import get_logger
from brevity.common.settings import load_settings
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.report import JobReporter
from brevity.trainer.settings import TrainerSettings

log = get_logger(__name__)

T = TypeVar("T")

_PATIENCE_SECONDS = 600.0


def main() -> int:
    # What libraries print must not be taken for reports: standard output becomes the log, reports keep the pipe.
    reporter = JobReporter(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    job = Job.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_service, daemon=True).start()
    try:
        settings = load_settings(TrainerSettings)
        logging.configure(settings.telemetry, "trainer")
        from brevity.trainer.steps import work

        began = time.monotonic()
        result = insisted(job, reporter, lambda job: work(job, settings, reporter))
        log.info("job done", job_id=job.job_id, seconds=round(time.monotonic() - began, 1))
        reporter.emit("result", result)
    except BrevityError as error:
        reporter.emit("error", {"code": error.code, "message": error.message})
        return 1
    except Exception as error:
        log.error("job failed", job_id=job.job_id, exc_info=error)
        reporter.emit("error", {"code": "failed", "message": f"{type(error).__name__}: {error}"[:500]})
        return 1
    return 0


def insisted(job: Job, reporter: JobReporter, work: Callable[[Job], T], *, pause_seconds: float = 2.0) -> T:
    """What `work` returns; when MLflow or a store is away it is begun again, from the steps it had finished.

    Raises:
        Unavailable: It was away all the time for `_PATIENCE_SECONDS` and the tries' own time.
    """
    for _ in range(int(_PATIENCE_SECONDS / pause_seconds)):
        try:
            return work(job)
        except Unavailable as error:
            log.warning("a training waits", job_id=job.job_id, code=error.code, reason=error.message)
            reporter.emit("report", {"message": f"waits: {error.message}"})
            time.sleep(pause_seconds)
            job = job.model_copy(update={"checkpoint": {**job.checkpoint, **reporter.checkpoints}})
    return work(job)


def _end_with_service() -> None:
    """Standard input ends when the service dies: a job that nobody holds must not go on."""
    sys.stdin.read()
    os._exit(70)


if __name__ == "__main__":
    sys.exit(main())
