"""Weights & Biases in its offline mode, where the extra is installed; what happens where it is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from brevity.common.errors import Fatal
from brevity.trainer.settings import TrainerBlock
from brevity.trainer.tracking import tracker_of

INSTALLED = importlib.util.find_spec("wandb") is not None


@pytest.mark.skipif(not INSTALLED, reason="needs the extra brevity-trainer[wandb]")
def test_an_offline_run_keeps_parameters_metrics_and_files(tmp_path: Path) -> None:
    block = TrainerBlock(tracker="wandb", wandb_mode="offline", wandb_folder=tmp_path / "runs")
    run = tracker_of(block).begin("brevity-test", "job-1")
    run.parameters({"recipe": {"trees": 40}})
    run.metrics({"candidate_rouge2": 0.125}, step=1)
    run.tags({"brevity.job_id": "job-1"})
    run.file("evaluation/decision.json", b'{"passes": true}')
    model = tmp_path / "model.tar"
    model.write_bytes(b"weights")
    run.artifact(model)
    model.unlink()
    run.finish(succeeded=True)
    kept = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in kept if path.name == "decision.json"] == [b'{"passes": true}']
    assert [path.read_bytes() for path in kept if path.name == "model.tar"] == [b"weights"]
    (record,) = [path for path in kept if path.suffix == ".wandb"]
    said = record.read_bytes()
    for expected in (b"recipe.trees", b"candidate_rouge2", b"brevity.job_id", run.run_id.encode()):
        assert expected in said


@pytest.mark.skipif(INSTALLED, reason="the extra is installed")
def test_without_the_extra_the_setting_is_refused_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"brevity-trainer\[wandb\]"):
        tracker_of(TrainerBlock(tracker="wandb", wandb_folder=tmp_path))
