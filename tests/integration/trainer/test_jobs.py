"""Jobs in the real store, each in a real process: one at a time for a model, bounded, and never lost."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Rejected
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.jobs.folders import WorkFolders, folder_of, key_of
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.runner import Runner
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.jobs.tenants import name_tenants
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.settings import TrainerBlock
from tests.support.stack import Stack
from tests.support.trainer import SCRIPTED, fresh_store, job, wait_for

pytestmark = pytest.mark.stack

LEASE = timedelta(seconds=30)
RESULT = ("say", {"result": {"answer": 42}})


@pytest.fixture
def jobs(stack: Stack) -> Iterator[Jobs]:
    store = fresh_store(stack)
    yield Jobs(store)
    store.close()


def runner(jobs: Jobs, name: str = "me", **settings: Any) -> Runner:
    def finish(job: Job, result: Mapping[str, Any]) -> dict[str, Any]:
        return {"message": f"answer {result['answer']}", "outcome": "refused"}

    block = TrainerBlock(instance_id=name, **settings)
    return Runner(jobs, block, TrainerMetrics(CollectorRegistry()), finish, command=SCRIPTED)


@contextmanager
def running(made: Runner) -> Iterator[Runner]:
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(30)
    assert not thread.is_alive()


def test_a_job_reports_its_steps_and_log_and_ends_with_its_result(jobs: Jobs) -> None:
    script = [
        ("say", {"report": {"step": "train", "progress": 0.5, "metrics": {"a": 1.0}, "owner": "a thief"}}),
        ("log", "a line of the log"),
        ("say", {"report": {"metrics": {"b": 2.0}, "checkpoint": {"x": 1}}}),
        RESULT,
    ]
    jobs.add(job("one", script=script))
    assert runner(jobs).turn()
    done = jobs.get("one")
    assert (done.state, done.message, done.progress, done.attempt) == ("succeeded", "answer 42", 1.0, 1)
    assert (done.metrics, done.checkpoint) == ({"a": 1.0, "b": 2.0}, {"x": 1})
    assert "a line of the log" in done.log
    assert done.owner is None


def test_two_jobs_of_one_model_never_run_at_once_however_many_instances_ask(jobs: Jobs) -> None:
    for name in ("a", "b", "c"):
        jobs.add(job(name))
    jobs.add(job("other", model="another"))
    claimed: list[Job] = []
    barrier = threading.Barrier(8)

    def claim(instance: int) -> None:
        barrier.wait()
        for _ in range(3):
            taken = jobs.claim(f"instance-{instance}", LEASE)
            if taken is not None:
                claimed.append(taken)

    threads = [threading.Thread(target=claim, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.model for item in claimed) == ["another", "m"]


def test_the_next_job_of_a_model_begins_when_the_one_before_has_ended(jobs: Jobs) -> None:
    jobs.add(job("a", script=[RESULT]))
    jobs.add(job("b", script=[RESULT]))
    made = runner(jobs)
    assert made.turn()
    assert made.turn()
    assert [jobs.get(name).state for name in ("a", "b")] == ["succeeded", "succeeded"]


def test_the_same_request_read_twice_is_one_job(jobs: Jobs) -> None:
    assert jobs.add(job("one"))
    assert not jobs.add(job("one"))


@pytest.mark.parametrize(
    ("script", "settings", "code"),
    [
        ([("sleep", 60)], {"max_seconds": 1.0}, "over_limit"),
        ([("hold", 400_000_000)], {"max_memory_bytes": 200_000_000}, "over_limit"),
        ([("log", "last words"), ("die", 9)], {}, "worker_died"),
        ([("say", {"error": {"code": "no_data", "message": "nothing there"}})], {}, "no_data"),
    ],
    ids=["too slow", "too large", "dead", "failing"],
)
def test_a_job_that_cannot_go_on_fails_with_the_reason(
    jobs: Jobs, script: list[tuple[str, Any]], settings: dict[str, Any], code: str
) -> None:
    jobs.add(job("one", script=script))
    runner(jobs, **settings).turn()
    failed = jobs.get("one")
    assert (failed.state, failed.code) == ("failed", code)
    assert failed.message


def test_a_running_job_is_cancelled_and_its_process_is_gone(jobs: Jobs) -> None:
    jobs.add(job("one", script=[("say", {"report": {"step": "long"}}), ("sleep", 60)]))
    with running(runner(jobs)):
        wait_for("it runs", lambda: jobs.get("one").step == "long")
        children = psutil.Process().children(recursive=True)
        assert jobs.cancel("one").cancel_asked
        wait_for("it is cancelled", lambda: jobs.get("one").state == "cancelled")
        wait_for(
            "its process is gone",
            lambda: not [c for c in children if c.is_running() and "scripted_job" in " ".join(_line(c))],
        )
    assert jobs.retry("one", 1).state == "queued"
    with pytest.raises(Rejected, match="queued"):
        jobs.retry("one", 1)


def test_a_job_whose_service_stops_is_resumed_from_its_checkpoint(jobs: Jobs) -> None:
    jobs.add(job("one", script=[("unless_resumed", None), RESULT]))
    with running(runner(jobs, "first")):
        wait_for("it is half done", lambda: jobs.get("one").checkpoint == {"step": "half"})
    stopped = jobs.get("one")
    assert (stopped.state, stopped.attempt) == ("queued", 1)
    assert "resumed" in (stopped.message or "")
    runner(jobs, "second").turn()
    assert (jobs.get("one").state, jobs.get("one").attempt) == ("succeeded", 2)


def test_a_job_whose_instance_died_is_taken_over_when_its_lease_has_run_out(jobs: Jobs) -> None:
    jobs.add(job("one", script=[RESULT]))
    dead = jobs.claim("dead", timedelta(seconds=0.5))
    assert dead is not None
    assert runner(jobs, "alive").turn() is False
    time.sleep(0.6)
    assert runner(jobs, "alive").turn()
    assert jobs.get("one").state == "succeeded"
    assert not jobs.report(dead, {"message": "a ghost speaks"})


def test_a_job_that_was_interrupted_too_often_has_failed(jobs: Jobs) -> None:
    jobs.add(job("one", attempts=1))
    assert jobs.claim("dead", timedelta(seconds=-1))
    jobs.take_over()
    failed = jobs.get("one")
    assert (failed.state, failed.code) == ("failed", "interrupted")
    again = jobs.retry("one", 1)
    assert (again.state, again.attempts_allowed) == ("queued", 2)


def test_every_state_is_announced_and_none_twice(jobs: Jobs) -> None:
    jobs.add(job("one"))
    (waiting,) = jobs.unannounced()
    taken = jobs.claim("me", LEASE)
    assert taken is not None
    jobs.announced([waiting])  # an older state was announced, not this one
    (now,) = jobs.unannounced()
    assert now.state == "running"
    jobs.announced([now])
    assert jobs.unannounced() == []


def test_a_job_that_has_ended_cannot_be_cancelled(jobs: Jobs) -> None:
    jobs.add(job("one", script=[RESULT]))
    runner(jobs).turn()
    with pytest.raises(Rejected, match="succeeded"):
        jobs.cancel("one")


def _line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_what_a_job_worked_in_goes_when_it_has_ended_and_stays_while_it_may_be_resumed(
    jobs: Jobs, stack: Stack, tmp_path: Path
) -> None:
    bucket = Bucket(stack.s3.model_copy(update={"bucket": f"jobs-{uuid.uuid4().hex[:8]}"}))
    bucket.ensure()
    ends = {
        "good": [RESULT],
        "failing": [("say", {"error": {"code": "no_data", "message": "nothing there"}})],
        "dead": [("die", 9)],
        "slow": [("sleep", 60)],
    }
    for name, script in ends.items():
        jobs.add(job(name, model=name, script=[("write", str(tmp_path / name / "checkpoint")), *script]))
        bucket.put(key_of(name, "model.tar"), b"made")
    bucket.put(key_of("good-too", "model.tar"), b"of another")
    (tmp_path / "another-trainers").mkdir()
    (tmp_path / ".ended-before").mkdir()  # by an instance that was killed meanwhile
    folders = WorkFolders(tmp_path, jobs, bucket)

    def kept() -> set[str]:
        folders.turn()
        return {path.name for path in tmp_path.iterdir()} - {"another-trainers"}

    def stored() -> set[str]:
        return {key.split("/")[2] for key in bucket.list("training/jobs/")} - {"good-too"}

    quick = runner(jobs)
    for _ in range(3):
        assert quick.turn()
    # Nobody looked while they ended, as when the service is killed: the next start finds their folders.
    assert {name for name in ends if (tmp_path / name).exists()} == {"good", "failing", "dead"}
    assert kept() == set()
    assert stored() == {"slow"}
    with running(runner(jobs)):
        wait_for("the slow one has begun", (tmp_path / "slow" / "checkpoint").exists)
        assert kept() == {"slow"}
    assert jobs.get("slow").state == "queued"  # to be resumed
    assert kept() == stored() == {"slow"}
    assert (tmp_path / "slow" / "checkpoint").exists()
    jobs.cancel("slow")  # nobody runs it
    assert kept() == stored() == set()
    assert bucket.list("training/jobs/") == [key_of("good-too", "model.tar")]
    assert (tmp_path / "another-trainers").exists()


@pytest.mark.parametrize("job_id", ["../elsewhere", "/etc", "a/b", ".", "..", ".ended-x", "job\n"])
def test_an_id_that_would_name_another_place_is_refused(job_id: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="bad_request"):
        folder_of(tmp_path, job_id)


def test_jobs_of_a_release_that_did_not_keep_their_tenant_are_still_seen_by_it(stack: Stack) -> None:
    store = fresh_store(stack)
    jobs = Jobs(store)
    for name, asked_by in (("theirs", "first/reader"), ("another", "second/reader"), ("clock", None)):
        jobs.add(job(name).model_copy(update={"requested_by": asked_by}))
    store.jobs.update_many({}, {"$unset": {"tenant": ""}})
    assert jobs.list(tenant="first") == []
    name_tenants(store)
    assert [found.job_id for found in jobs.list(tenant="first")] == ["theirs"]
    assert jobs.get("theirs", tenant="first").job_id == "theirs"
    assert len(jobs.list()) == 3
    store.close()
