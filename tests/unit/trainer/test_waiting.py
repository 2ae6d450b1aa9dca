"""A training while something is away: its process begins again from what it had finished; its curve waits."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from brevity.common.errors import Rejected, Unavailable
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.report import JobReporter
from brevity.trainer.tracking.curve import Curve
from brevity.trainer.tracking.port import Run
from brevity.trainer.worker import insisted
from tests.support.trainer import job


def test_it_begins_again_from_the_steps_it_had_finished() -> None:
    out = io.StringIO()
    reporter = JobReporter(out)
    begun: list[dict[str, Any]] = []

    def work(job: Job) -> str:
        begun.append(dict(job.checkpoint))
        reporter.checkpoint(**{f"step{len(begun)}": True})
        if len(begun) < 3:
            raise Unavailable("MLflow at home does not answer", code="mlflow")
        return "made"

    assert insisted(job("one"), reporter, work, pause_seconds=0.01) == "made"
    assert begun == [{}, {"step1": True}, {"step1": True, "step2": True}]
    said = [json.loads(line)["report"] for line in out.getvalue().splitlines()]
    assert {"message": "waits: MLflow at home does not answer"} in said


def test_what_cannot_be_mended_by_waiting_ends_it_at_once() -> None:
    def work(job: Job) -> None:
        raise Rejected("there is no data", code="no_data")

    with pytest.raises(Rejected):
        insisted(job("one"), JobReporter(io.StringIO()), work)


class Away:
    """A run whose tracker is away until told otherwise."""

    def __init__(self) -> None:
        self.there = False
        self.calls = 0
        self.got: list[int] = []

    def series(self, points: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        self.calls += 1
        if not self.there:
            raise Unavailable("MLflow does not answer", code="mlflow")
        self.got += [step for step, _ in points]


def test_the_points_of_a_curve_wait_and_none_is_lost() -> None:
    run = Away()
    curve = Curve(cast("Run", run))
    for step in range(1_000):
        curve.add(step, {"loss": 1.0})
    assert run.calls == 5
    with pytest.raises(Unavailable):
        curve.send()
    run.there = True
    curve.send()
    assert run.got == list(range(1_000))
