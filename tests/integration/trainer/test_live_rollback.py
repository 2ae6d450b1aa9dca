"""A version that people like less than the one before it is rolled back by the trainer itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer

from brevity.common.events import FeedbackRecorded, ModelPromoted, encode
from brevity.common.ids import content_hash
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.live.sequential import Rating
from brevity.trainer.registry import Registry
from tests.support.models import model_bytes, model_file
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService

UP: list[Rating] = ["up"]
DOWN: list[Rating] = ["down"]
MOSTLY_LIKED: list[Rating] = [*UP, *UP, *UP, *DOWN]
pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]


def rated(trainer: TrainerService, model_version: str, ratings: Sequence[Rating], since: datetime) -> None:
    """Write ratings of as many summaries, a second apart, from `since` on."""
    producer: Any = Producer({"bootstrap.servers": trainer.stack.kafka.bootstrap_servers})
    for number, rating in enumerate(ratings):
        name = content_hash(f"{trainer.mongo.database}{model_version}{number}".encode())[:16]
        event = FeedbackRecorded(
            feedback_id=f"fb-{name}",
            summary_id=f"sum-{name}",
            document_id=f"doc-{name}",
            tenant="default",
            rating=rating,
            reviewer="somebody",
            engine="extractive",
            model_version=model_version,
            recorded_at=since + timedelta(seconds=number),
        )
        record = encode(event, source="feedback", time=event.recorded_at)
        producer.produce(record.topic, key=record.key, value=record.value, headers=list(record.headers))
    assert producer.flush(20) == 0


def promotions(trainer: TrainerService) -> list[ModelPromoted]:
    return [ModelPromoted.model_validate(event) for event in trainer.get("/v1/models/extractive/promotions")]


def second_version(trainer: TrainerService) -> str:
    """Registers another version, as a job does, and has a person promote it; returns its name in summaries."""
    registry = Registry(trainer.mlflow_url, Bucket(trainer.s3))
    file = model_file(trainer.folder, model_bytes(trainer.mongo.database))
    version = registry.register("extractive", "extractive", file, run_id=None, job_id="a-test")
    trainer.post("/v1/models/extractive/promote", {"version": version.version, "reason": "a test wants it"})
    return version.model_version


def test_a_version_rated_worse_is_rolled_back_once_and_one_rated_alike_stays(trainer: TrainerService) -> None:
    with trainer.running():
        [first] = promotions(trainer)
        assert first.model_version is not None
        worse = second_version(trainer)
        promoted = promotions(trainer)[0]
        assert promoted.model_version == worse
        rated(
            trainer,
            first.model_version,
            MOSTLY_LIKED * 15,
            promoted.promoted_at - timedelta(days=1),
        )
        rated(trainer, worse, MOSTLY_LIKED * 3, datetime.now(UTC))
        rated(trainer, worse, DOWN * 40, datetime.now(UTC) + timedelta(minutes=1))

        def rolled_back() -> ModelPromoted | None:
            newest = promotions(trainer)[0]
            return newest if newest.decided_by == "rollback" else None

        back = wait_for("it is rolled back", rolled_back, 120)
        assert back.model_version == first.model_version
        assert back.previous_model_version == worse
        assert "rated worse" in back.reason
        decided = trainer.get(f"/v1/models/extractive/versions/{promoted.version}")
        assert decided["decision"] == "rolled_back"

        # More of the same ratings change nothing: what was brought back stays, and is brought back once.
        rated(trainer, first.model_version, DOWN * 30, datetime.now(UTC) + timedelta(minutes=9))
    with trainer.running():
        assert [event.decided_by for event in promotions(trainer)][:2] == ["rollback", promoted.decided_by]
