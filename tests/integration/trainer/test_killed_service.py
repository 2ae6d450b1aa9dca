"""A trainer killed in the middle of a job. No other may run beside it: it would take the request from the topic as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.support.data import real_rows
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService, rows_file

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


def test_a_job_goes_on_after_the_service_was_killed_and_registers_one_version(
    trainer: TrainerService, tmp_path: Path
) -> None:
    with trainer.running() as process:
        file = rows_file(tmp_path, "clinic", real_rows("clinic-dialogue", "train", 260))
        assert trainer.brevity("data", "add", str(file)).returncode == 0
        job = trainer.post("/v1/train", {"parameters": {"trees": 40}})["job_id"]
        wait_for("it is half done", lambda: trainer.get(f"/v1/train/{job}")["progress"] > 0.1)
        process.kill()
        process.wait()
    with trainer.running():
        done = trainer.ended(job)
    assert done["state"] == "succeeded", done
    assert done["attempt"] == 2
    versions = MlflowClient(trainer.mlflow_url).search_model_versions("name='extractive'")
    assert len([v for v in versions if v.tags.get("job_id") == job]) == 1
