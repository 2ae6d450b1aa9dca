"""A chat model through the whole trainer: LoRA, gone on with after a kill, merged, judged, registered and promoted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brevity.neural.archive import kind_of, unpack
from brevity.neural.llm import ChatGenerator
from brevity.neural.port import Generated, Request
from brevity.trainer.data.bucket import Bucket
from tests.support.neural_task import council, tiny_llama
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]

RECIPE = {
    "steps": 60,
    "learning_rate": 1e-2,
    "warmup": 0.2,
    "batch_documents": 16,
    "dropout": 0.0,
    "max_target_tokens": 24,
    "evaluate_every": 30,
    "validation_documents": 16,
}


def test_a_killed_lora_job_goes_on_and_its_merged_model_passes_the_gate(
    trainer: TrainerService, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    extra = {
        "BREVITY_TRAINER_LLM_BASE": str(tiny_llama(tmp_path / "base")),
        "BREVITY_TRAINER_WORK_FOLDER": str(work),
        "BREVITY_TRAINER_EVALUATION_DOCUMENTS": "60",  # the fewest that can promote
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    minutes = tmp_path / "minutes.jsonl"
    rows = [{"text": pair.text, "summary": pair.summary, "language": "en"} for pair in council(600, 1)]
    minutes.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wanted = {"model": "llm", "engine": "llm", "dataset": {"feedback": False}, "parameters": RECIPE}

    with trainer.running(extra) as process:
        assert trainer.brevity("data", "add", str(minutes)).returncode == 0
        job = trainer.post("/v1/train", wanted)["job_id"]
        first = work / job / "checkpoints" / "checkpoint-30" / "complete"
        wait_for("a checkpoint is there", first.exists, 180)
        written = first.stat().st_mtime_ns
        process.kill()
        process.wait()
    with trainer.running(extra):
        second = first.parents[1] / "checkpoint-60" / "complete"
        wait_for("it went on", second.exists, 180)
        assert first.stat().st_mtime_ns == written  # the first thirty steps were not done again
        done = trainer.ended(job)
        assert (done["state"], done["attempt"], done["outcome"]) == ("succeeded", 2, "promoted"), done
        champion = trainer.get("/v1/models/llm/versions/champion")
        checks = champion["evidence"]["checks"]

    assert champion["engine"] == "llm"
    assert all(check["ok"] for check in checks.values())
    assert checks["documents"]["value"] == 60
    key = f"models/llm/{champion['version']}/model.tar"
    assert champion["artifact"]["uri"].endswith(key)
    archive = tmp_path / "model.tar"
    archive.write_bytes(Bucket(trainer.s3).get(key))
    unpack(archive, tmp_path / "model")
    assert kind_of(tmp_path / "model") == "llm"
    # What was promoted writes as the engine serves it: what a council decided, which the base knows nothing of.
    [pair] = council(1, 5)
    answers = [
        ChatGenerator.load(folder).generate([Request(pair.text, "en", 8)])[0]
        for folder in (tmp_path / "base", tmp_path / "model")
    ]
    before, after = (answer.text for answer in answers if isinstance(answer, Generated))
    assert "the new" in after
    assert "the new" not in before
