"""A store that is away: a job goes on by its lease, and what ends with the lease has not used up an attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Unavailable
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.runner import Runner
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.settings import TrainerBlock
from tests.support.stack import Stack
from tests.support.trainer import SCRIPTED, fresh_store, job, wait_for

pytestmark = pytest.mark.stack

RESULT = ("say", {"result": {"answer": 42}})


@pytest.fixture
def jobs(stack: Stack) -> Iterator[Jobs]:
    store = fresh_store(stack, timeout_seconds=1.0)
    yield Jobs(store)
    store.close()


@contextmanager
def running(jobs: Jobs, lease_seconds: float, finish: Any = None) -> Iterator[None]:
    def done(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
        return {"message": f"answer {result['answer']}", "outcome": "refused"}

    block = TrainerBlock(instance_id="me", lease_seconds=lease_seconds)
    made = Runner(jobs, block, TrainerMetrics(CollectorRegistry()), finish or done, command=SCRIPTED)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield
    finally:
        made.stop()
        thread.join(60)
    assert not thread.is_alive()


@contextmanager
def away(stack: Stack) -> Iterator[None]:
    stack.mongo_server.kill()
    try:
        yield
    finally:
        stack.mongo_server.start()
        stack.mongo_server.wait_ready()


def processes() -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "tests.support.scripted_job" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.Error:
            continue
    return found


def test_a_training_goes_on_while_the_store_is_away_for_less_than_its_lease(
    jobs: Jobs, stack: Stack, tmp_path: Path
) -> None:
    begun = {"report": {"step": "train", "metrics": {"a": 1.0}}}
    go = tmp_path / "go"
    script = [
        ("say", {"report": {"step": "data"}}),
        ("wait_for", str(go)),
        ("say", begun),
        ("log", "meanwhile"),
        RESULT,
    ]
    jobs.add(job("one", script=script, attempts=1))
    with running(jobs, lease_seconds=60):
        wait_for("it runs", lambda: jobs.get("one").step == "data")
        (process,) = processes()
        time.sleep(2)  # the local store keeps what it has acknowledged half a second later
        with away(stack):
            go.touch()  # it says its last word to nobody
            time.sleep(4)
        wait_for("it ends", lambda: jobs.get("one").ended)
    done = jobs.get("one")
    assert (done.state, done.attempt, done.metrics) == ("succeeded", 1, {"a": 1.0})
    assert done.log.count("meanwhile") == 1
    assert not process.is_running()


def test_a_lease_that_ran_out_ends_the_process_and_costs_no_attempt(
    jobs: Jobs, stack: Stack, tmp_path: Path
) -> None:
    jobs.add(job("one", script=[("unless_resumed", None), RESULT], attempts=1))
    with running(jobs, lease_seconds=3):
        wait_for("it is half done", lambda: jobs.get("one").checkpoint == {"step": "half"})
        time.sleep(2)  # the local store saves what it acknowledged within a second
        with away(stack):
            began = time.monotonic()
            wait_for("nobody works on it any more", lambda: not processes(), 20)
            assert time.monotonic() - began < 3 + 2  # by our own clock, whatever the store's client waits for
        wait_for("it ends", lambda: jobs.get("one").ended)
    done = jobs.get("one")
    assert (done.state, done.attempt) == ("succeeded", 2)
    assert (
        done.attempts_allowed >= 2
    )  # on a busy machine so short a lease may run out once more before it is taken up


def test_an_attempt_that_another_instance_has_counted_is_given_back(jobs: Jobs) -> None:
    jobs.add(job("one", attempts=1))
    lost = jobs.claim("me", timedelta(seconds=-1))
    assert lost is not None
    jobs.take_over()
    assert jobs.get("one").state == "failed"
    jobs.excuse(lost)
    assert (jobs.get("one").state, jobs.get("one").attempts_allowed) == ("queued", 2)


def test_a_result_is_finished_when_the_registry_is_back(jobs: Jobs) -> None:
    tries: list[float] = []

    def finish(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
        tries.append(time.monotonic())
        if tries[-1] - tries[0] < 3:
            raise Unavailable("MLflow does not answer", code="mlflow")
        return {"outcome": "refused"}

    jobs.add(job("one", script=[RESULT], attempts=1))
    with running(jobs, lease_seconds=2, finish=finish):  # renewed meanwhile
        wait_for("it ends", lambda: jobs.get("one").ended)
    assert (jobs.get("one").state, jobs.get("one").attempt) == ("succeeded", 1)


def test_who_cancels_a_job_need_not_wait_for_the_registry(jobs: Jobs) -> None:
    def finish(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
        raise Unavailable("MLflow does not answer", code="mlflow")

    jobs.add(job("one", script=[("say", {"report": {"step": "late"}}), RESULT]))
    with running(jobs, lease_seconds=30, finish=finish):
        wait_for("it is nearly done", lambda: jobs.get("one").step == "late")
        jobs.cancel("one")
        wait_for("it ends", lambda: jobs.get("one").ended)
    assert jobs.get("one").state == "cancelled"
