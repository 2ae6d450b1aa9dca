"""A version comes into service step by step: every event names the version beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from brevity.trainer.data.bucket import Bucket
from brevity.trainer.registry import Registry
from tests.support.models import model_bytes, model_file
from tests.support.trainer_service import TrainerService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

STEPS = [
    {"mode": "shadow", "share": 1.0},
    {"mode": "canary", "share": 0.1},
    {"mode": "canary", "share": 0.5},
    None,
]


def test_each_step_of_a_rollout_replaces_the_same_version(trainer: TrainerService, tmp_path: Path) -> None:
    with trainer.running():
        [first] = trainer.get("/v1/models/extractive/promotions")
        registry = Registry(trainer.mlflow_url, Bucket(trainer.s3))
        new = registry.register(
            "extractive",
            "extractive",
            model_file(tmp_path, model_bytes("rollout")),
            run_id=None,
            job_id="a-test",
        )
        for step in STEPS:
            wanted = {"version": new.version, "reason": "a step", **({"rollout": step} if step else {})}
            trainer.post("/v1/models/extractive/promote", wanted)
        *_, canary, full = reversed(trainer.get("/v1/models/extractive/promotions"))
        assert (canary["rollout"], full["rollout"]["mode"]) == (STEPS[2], "full")
        for event in (canary, full):
            assert event["previous_model_version"] == first["model_version"]
            assert event["previous_artifact"] == first["artifact"]
        trainer.post("/v1/models/extractive/rollback", {"reason": "a test wants it"})
        assert trainer.get("/v1/models/extractive/promotions")[0]["model_version"] == first["model_version"]
