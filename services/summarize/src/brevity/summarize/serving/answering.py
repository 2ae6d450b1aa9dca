"""Asking an engine for a batch so that a bug which one document touches is that document's failure alone."""

from __future__ import annotations

from collections.abc import Sequence

from brevity.common.errors import Transient
from brevity.common.observability.logging import get_logger
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.serving.wire import Answer

log = get_logger(__name__)


def answer_all(engine: SummaryEngine, jobs: Sequence[Job]) -> list[Answer]:
    """One answer per job, in order. When the engine raises, each job is tried by itself."""
    try:
        return list(engine.summarize(jobs))
    except Exception as error:  # whatever it is, the neighbours must not suffer
        if len(jobs) > 1:
            return [answer for job in jobs for answer in answer_all(engine, [job])]
        log.exception("engine failed", engine=engine.name)
        return [
            Transient(
                f"an unexpected {type(error).__name__} in the engine",
                code="engine_error",
                remedy="Report it with the engine's log, then replay: `brevity dlq replay`.",
            )
        ]
