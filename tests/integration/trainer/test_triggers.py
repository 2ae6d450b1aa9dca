"""What starts trainings in a running service by itself: enough feedback, bursts of drift, the clock; and what does not."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from deploy.local.tracking import MlflowServer
from pymongo import MongoClient

from brevity.common.events import DriftDetected, FeedbackRecorded, encode
from brevity.common.events.base import Event
from brevity.common.events.learning import Window
from tests.support.data import real_rows
from tests.support.stack import Stack, fresh_stack
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService, rows_file

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]
ENOUGH = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Stack, MlflowServer]]:
    """Topics of its own: a training that an earlier test asked for would take the examples as known."""
    folder = tmp_path_factory.mktemp("triggers")
    with fresh_stack(folder / "stack") as stack:
        mlflow = MlflowServer(stack.free_port(), folder / "mlflow", stack.s3)
        mlflow.start()
        try:
            mlflow.wait_ready()
            yield stack, mlflow
        finally:
            mlflow.stop()


@pytest.fixture
def trainer(place: tuple[Stack, MlflowServer], tmp_path: Path) -> TrainerService:
    return TrainerService(*place, tmp_path)


def send(trainer: TrainerService, events: Sequence[Event]) -> None:
    producer = Producer({"bootstrap.servers": trainer.stack.kafka.bootstrap_servers})
    for event in events:
        record = encode(event, source="test", time=datetime.now(UTC))
        producer.produce(record.topic, key=record.key, value=record.value, headers=list(record.headers))
    assert producer.flush(20) == 0


def edits(trainer: TrainerService, count: int, begin: int = 0) -> list[FeedbackRecorded]:
    return [
        FeedbackRecorded(
            feedback_id=f"fb-{trainer.mongo.database}-{number}",
            summary_id=f"sum-{number}",
            document_id=f"doc-{number}",
            tenant="default",
            edited_summary="As it should be.",
            edit_distance=0.5,
            reviewer="anna",
            engine="extractive",
            model_version="extractive-0123",
            recorded_at=datetime.now(UTC),
        )
        for number in range(begin, begin + count)
    ]


def alarm(trainer: TrainerService, number: int) -> DriftDetected:
    now = datetime.now(UTC)
    window = Window(first_at=now, last_at=now, count=100)
    return DriftDetected(
        drift_id=f"drift-{trainer.mongo.database}-{number}",
        monitor="input.words",
        model_version="extractive-0123",
        statistic=9.0,
        threshold=5.0,
        effect=-0.2,
        reference=window,
        current=window,
        detected_at=now,
    )


def jobs(trainer: TrainerService, reason: str) -> list[dict[str, Any]]:
    return [job for job in trainer.get("/v1/train") if job["reason"] == reason]


def stopped(trainer: TrainerService, job: dict[str, Any]) -> None:
    """Wait until the job works in its own process, then end it."""

    def works() -> bool:
        found = trainer.get(f"/v1/train/{job['job_id']}")
        assert found["state"] in {"queued", "running"}, found
        return found["state"] == "running" and found["step"] is not None

    wait_for("the job works", works)
    trainer.post(f"/v1/train/{job['job_id']}/cancel")
    assert trainer.ended(job["job_id"])["state"] == "cancelled"


def said(trainer: TrainerService, message: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in trainer.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("message") == message]


@pytest.mark.chaos_large
def test_feedback_and_drift_start_jobs_one_at_a_time_each_with_its_reason(trainer: TrainerService) -> None:
    extra = {
        "BREVITY_TRAINER_FEEDBACK_EXAMPLES": str(ENOUGH),
        "BREVITY_TRAINER_DRIFT_QUIET_SECONDS": "2",
    }
    with trainer.running(extra):
        file = rows_file(trainer.folder, "clinic", real_rows("clinic-dialogue", "train", 260))
        assert trainer.brevity("data", "add", str(file)).returncode == 0
        send(trainer, edits(trainer, ENOUGH - 1))
        wait_for("the first two are counted", lambda: _kept(trainer) == ENOUGH - 1)
        assert jobs(trainer, "feedback") == []
        send(trainer, edits(trainer, 1, begin=ENOUGH - 1))
        (job,) = wait_for("feedback asks", lambda: jobs(trainer, "feedback"))
        assert job["detail"].startswith(f"{ENOUGH} new examples; worth it: expected gain 1.000")

        # While it is there, drift waits, however long it has been quiet; then the burst is one training.
        send(trainer, [alarm(trainer, 0), alarm(trainer, 1)])
        held = wait_for("the weighing is logged", lambda: said(trainer, "training weighed"))
        assert (held[0]["reason"], held[0]["train"], held[0]["detail"]) == ("feedback", True, job["detail"])
        assert jobs(trainer, "drift") == []
        stopped(trainer, job)
        (burst,) = wait_for("drift asks", lambda: jobs(trainer, "drift"))
        assert burst["detail"].startswith("2 alarms of input.words; worth it")
        assert len([j for j in trainer.get("/v1/train") if j["state"] in {"queued", "running"}]) == 1
        stopped(trainer, burst)


def test_the_clock_starts_a_job_and_what_costs_more_than_it_brings_starts_none(
    trainer: TrainerService,
) -> None:
    # Once a minute would be too slow for a test: cron's sixth field is seconds.
    clock = {"BREVITY_TRAINER_SCHEDULE": "* * * * * */2", "BREVITY_TRAINER_MIN_GAIN": "1"}
    with trainer.running({**clock, "BREVITY_TRAINER_DRIFT_QUIET_SECONDS": "1"}):
        due = wait_for("the clock asks", lambda: jobs(trainer, "schedule"))[0]
        assert due["detail"].endswith("by '* * * * * */2'")
        wait_for("it begins", lambda: trainer.get(f"/v1/train/{due['job_id']}")["started_at"])
        send(trainer, [alarm(trainer, 2)])

        def declined() -> list[dict[str, Any]]:
            for job in jobs(trainer, "schedule"):  # a job that is there keeps drift waiting
                if job["state"] in {"queued", "running"}:
                    trainer.post(f"/v1/train/{job['job_id']}/cancel")
            return [line for line in said(trainer, "training weighed") if not line["train"]]

        found = wait_for("the cost rule declines", declined)
        assert "declined, needs a gain of 1." in found[-1]["detail"]
        assert jobs(trainer, "drift") == []


def _kept(trainer: TrainerService) -> int:
    """Examples that the service has counted."""
    with MongoClient[dict[str, Any]](trainer.mongo.url.get_secret_value()) as client:
        return client[trainer.mongo.database]["training_examples"].count_documents({})
