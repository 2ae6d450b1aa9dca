"""Neural models through the whole trainer: fine-tuned, gone on with after a kill, judged, promoted, and quantized."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from brevity.common.events import ModelPromoted
from brevity.neural.archive import kind_of, model_version, unpack
from brevity.trainer.data.bucket import Bucket
from tests.support.neural_task import council, tiny_bart
from tests.support.topics import read
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

RECIPE = {
    "steps": 120,
    "learning_rate": 3e-3,
    "warmup": 0.2,
    "batch_documents": 32,
    "label_smoothing": 0.0,
    "max_target_tokens": 24,
    "evaluate_every": 40,
    "validation_documents": 24,
}


def test_a_seq2seq_model_is_trained_killed_resumed_promoted_and_quantized(
    trainer: TrainerService, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    extra = {
        "BREVITY_TRAINER_SEQ2SEQ_BASE": str(tiny_bart(tmp_path / "base")),
        "BREVITY_TRAINER_WORK_FOLDER": str(work),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    minutes = tmp_path / "minutes.jsonl"
    rows = [{"text": pair.text, "summary": pair.summary, "language": "en"} for pair in council(1_200, 1)]
    minutes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wanted = {"model": "seq2seq", "engine": "seq2seq", "dataset": {"feedback": False}, "parameters": RECIPE}

    with trainer.running(extra) as process:
        assert trainer.brevity("data", "add", str(minutes)).returncode == 0
        job = trainer.post("/v1/train", wanted)["job_id"]
        first = work / job / "checkpoints" / "checkpoint-40" / "complete"
        wait_for("a checkpoint is there", first.exists, 180)
        written = first.stat().st_mtime_ns
        process.kill()
        process.wait()
    with trainer.running(extra):
        second = first.parents[1] / "checkpoint-80" / "complete"
        wait_for("it went on", second.exists, 180)
        assert first.stat().st_mtime_ns == written  # the first forty steps were not done again
        done = trainer.ended(job)
        assert (done["state"], done["attempt"], done["outcome"]) == ("succeeded", 2, "promoted"), done
        wait_for("its folder goes", lambda: not (work / job).exists(), 10)
        champion = _version(trainer, "seq2seq", "champion")
        assert champion["evidence"]["checks"]["size"]["ok"]
        _is_the_model(trainer, champion, "seq2seq", tmp_path / "seq2seq")
        _logged(trainer, done)

        said = trainer.brevity("model", "convert", "seq2seq/champion", "--quantization", "int8")
        assert said.returncode == 0, said.stderr
        converted = trainer.ended(said.stdout.strip())
        assert (converted["state"], converted["outcome"]) == ("succeeded", "promoted"), converted
        quantized = _version(trainer, "ctranslate2", "champion")
        assert quantized["variant_of"] == f"seq2seq/{champion['version']}"
        assert quantized["artifact"]["size_bytes"] < champion["artifact"]["size_bytes"] / 2
        checks = quantized["evidence"]["checks"]
        assert checks["quality"]["ok"]
        assert checks["length"]["ok"]
        _is_the_model(trainer, quantized, "ctranslate2", tmp_path / "ctranslate2")

    events = [
        ModelPromoted.model_validate_json(m.value() or b"")
        for m in read(trainer.stack.kafka, "models.promoted")
    ]
    # An event may be there twice, under one id: docs/training.md.
    decided = {
        event.promotion_id: event.engine
        for event in events
        if event.decided_by == "gate"
        and event.artifact is not None
        and event.artifact.uri.startswith(f"s3://{trainer.s3.bucket}/")
    }
    assert list(decided.values()) == ["seq2seq", "ctranslate2"]


def _version(trainer: TrainerService, model: str, name: str) -> dict[str, Any]:
    return trainer.get(f"/v1/models/{model}/versions/{name}")


def _is_the_model(trainer: TrainerService, version: dict[str, Any], engine: str, folder: Path) -> None:
    """Its file is the archive of a model for that engine."""
    assert version["engine"] == engine
    key = f"models/{version['model']}/{version['version']}/model.tar"
    assert version["artifact"]["uri"].endswith(key)
    archive = folder.with_suffix(".tar")
    Bucket(trainer.s3).fetch(key, archive, sha256=version["artifact"]["sha256"])
    unpack(archive, folder)
    assert kind_of(folder) == engine
    assert model_version(folder) == version["model_version"]  # as its summaries will name it


def _logged(trainer: TrainerService, job: dict[str, Any]) -> None:
    """The run holds the recipe, losses by step, and ROUGE that rose."""
    client = MlflowClient(trainer.mlflow_url)
    run = client.get_run(job["mlflow_run_id"])
    assert run.data.params["recipe.learning_rate"] == "0.003"
    steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "loss")]
    assert max(steps) == 120
    assert run.data.metrics["candidate_rouge2"] > run.data.metrics["champion_rouge2"] + 0.5
    assert "model.tar" in {item.path for item in client.list_artifacts(run.info.run_id)}
