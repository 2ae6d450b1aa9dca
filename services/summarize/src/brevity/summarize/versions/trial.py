"""Trying a version on real texts before it may serve: it warms up, and one that fails is refused."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from brevity.common.errors import BrevityError, Fatal
from brevity.summarize.engines.port import Job, Summary, SummaryEngine

_TEXTS = Path(__file__).with_name("trial.json")
_REST = 1.0
"""Pause after each text, in the time it took: what has queued up meanwhile goes first."""


@cache
def bundled_texts() -> tuple[Job, ...]:
    """Real documents of three kinds, with their origin and licence in the file."""
    rows = json.loads(_TEXTS.read_text("utf-8"))
    return tuple(Job(row["text"], row["language"], row["words"]) for row in rows)


def try_out(
    engine: SummaryEngine, jobs: Sequence[Job], *, seconds: float, gap: Callable[[], object] = lambda: None
) -> float:
    """Summarize `jobs`, texts that are known to work, with `engine`; returns the seconds it took.

    `gap` is called before each and returns when it is a good moment: the processor, and Python's lock, are shared with
    the batches that are being answered.

    Raises:
        Fatal: `trial_failed` when one fails or has an empty summary, `trial_hung` when it takes over `seconds`.
    """
    problems: list[str] = []
    took = [0.0]

    def work() -> None:
        for job in jobs:
            gap()
            began = time.perf_counter()
            problem = _problem(engine, job)
            spent = time.perf_counter() - began
            took[0] += spent
            if problem is not None:
                problems.append(problem)
                return
            time.sleep(_REST * spent)

    # A thread of its own: one that hangs must not take along the thread that follows promotions.
    thread = threading.Thread(target=work, name="version-trial", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise Fatal(
            f"{engine.model_version} did not summarize {len(jobs)} texts within {seconds:g} s",
            code="trial_hung",
            remedy="Look at the version's speed before it is promoted again.",
        )
    if problems:
        raise Fatal(
            f"{engine.model_version} failed its trial: {problems[0]}",
            code="trial_failed",
            remedy="The version before it goes on; look at how this one was trained.",
        )
    return took[0]


def _problem(engine: SummaryEngine, job: Job) -> str | None:
    try:
        [answer] = engine.summarize([job])
    except Exception as error:  # noqa: BLE001 - whatever it is, the version is refused
        return f"an unexpected {type(error).__name__}"
    if isinstance(answer, BrevityError):
        return answer.message
    if not isinstance(answer, Summary) or not answer.text.strip():
        return "an empty summary"
    return None
