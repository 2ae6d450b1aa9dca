"""Fine-tuning a sequence-to-sequence model: it learns, by seed, goes on after a stop, and ends when nothing gets better."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from transformers import GenerationConfig

from brevity.neural.recipes import Seq2SeqRecipe
from brevity.neural.training import finetune
from brevity.neural.tuning import Batches, Encoded, Progress, Report, Trained, TuningError
from tests.support.neural_task import council, rouge2
from tests.unit.neural.conftest import Taught

SHORT = Seq2SeqRecipe(
    steps=20, learning_rate=1e-3, batch_documents=8, evaluate_every=8, max_target_tokens=16, patience=9
)
ROWS, HELD = council(100, 3), council(8, 4)


def train(base: Path, folder: Path, recipe: Seq2SeqRecipe, report: Report = lambda progress: None) -> Trained:
    return finetune(base, ROWS, HELD, recipe, folder / "out", folder / "work", report)


def weights(folder: Path) -> bytes:
    return (folder / "out" / "model.safetensors").read_bytes()


def test_a_model_from_scratch_learns_the_task_on_rows_it_never_saw(teacher: Taught) -> None:
    losses = [p.metrics["loss"] for p in teacher.seen if "loss" in p.metrics]
    assert losses[-1] < losses[0] / 10
    scores = [p.metrics["rouge2"] for p in teacher.seen if "rouge2" in p.metrics]
    assert len(scores) == 2
    held = council(48, 5)
    before, after = rouge2(teacher.base, held), rouge2(teacher.folder, held)
    assert before < 0.05
    assert after > 0.9
    assert teacher.trained.metrics["rouge2"] == max(scores)


def test_progress_is_told_step_by_step(teacher: Taught) -> None:
    steps = [p.step for p in teacher.seen]
    assert steps == sorted(steps)
    assert {p.steps for p in teacher.seen} == {120}
    assert len(steps) > 12
    assert any("validation_loss" in p.metrics for p in teacher.seen)


def test_only_safetensors_are_written(teacher: Taught) -> None:
    names = {path.name for path in teacher.folder.iterdir()}
    assert "model.safetensors" in names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pth", ".pkl"))]


def test_the_trained_model_decodes_as_its_base_was_told_to(teacher: Taught) -> None:
    settings = [
        GenerationConfig.from_pretrained(folder, local_files_only=True).to_diff_dict()
        for folder in (teacher.base, teacher.folder)
    ]
    assert settings[0]["forced_eos_token_id"] == 2
    assert settings[1] == settings[0]


def test_a_base_that_could_not_be_saved_again_is_refused_before_it_is_trained(
    teacher: Taught, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(teacher.base, base)
    said = json.loads((base / "generation_config.json").read_text())
    (base / "generation_config.json").write_text(json.dumps(said | {"early_stopping": True}))
    with pytest.raises(TuningError, match="early_stopping") as raised:
        train(base, tmp_path, SHORT)
    assert raised.value.code == "bad_model"


class Stopped(Exception):
    pass


def test_the_same_seed_gives_the_same_bytes_even_when_it_was_interrupted(
    teacher: Taught, tmp_path: Path
) -> None:
    whole = train(teacher.base, tmp_path / "whole", SHORT)
    assert whole.steps == 20

    def stop_late(progress: Progress) -> None:
        if progress.step >= 16 and "validation_loss" in progress.metrics:
            raise Stopped

    with pytest.raises(Stopped):
        train(teacher.base, tmp_path / "stopped", SHORT, stop_late)
    # A process may die in the middle of a checkpoint: this one has no mark of being complete.
    (tmp_path / "stopped" / "work" / "checkpoint-18").mkdir()
    resumed: list[int] = []
    train(teacher.base, tmp_path / "stopped", SHORT, lambda progress: resumed.append(progress.step))
    assert min(resumed) > 8
    assert weights(tmp_path / "stopped") == weights(tmp_path / "whole")

    train(teacher.base, tmp_path / "other", SHORT.model_copy(update={"seed": 8}))
    assert weights(tmp_path / "other") != weights(tmp_path / "whole")


def test_training_stops_when_evaluations_get_no_better(teacher: Taught, tmp_path: Path) -> None:
    idle = SHORT.model_copy(update={"learning_rate": 1e-9, "patience": 1, "evaluate_every": 2, "steps": 50})
    assert train(teacher.folder, tmp_path, idle).steps < 10


def test_too_few_pairs_are_refused(teacher: Taught, tmp_path: Path) -> None:
    with pytest.raises(TuningError) as raised:
        finetune(teacher.base, ROWS[:19], [], SHORT, tmp_path / "out", tmp_path / "work", lambda p: None)
    assert raised.value.code == "too_few_documents"
    assert "19" in str(raised.value)


def test_batches_hold_few_documents_and_few_tokens_and_every_pair_once() -> None:
    def pair(length: int) -> Encoded:
        return {"input_ids": [length] * length, "attention_mask": [1] * length, "labels": [1]}

    pairs = [pair(length) for length in [5, 90, 7, 300, 6, 8, 5, 5, 60, 40]]
    recipe = Seq2SeqRecipe(batch_documents=4, batch_tokens=100)
    batches = Batches(pairs, recipe)
    sizes = [[len(p["input_ids"]) for p in batches[i]] for i in range(len(batches))]
    assert sorted(length for size in sizes for length in size) == sorted(len(p["input_ids"]) for p in pairs)
    assert all(len(size) <= 4 and (len(size) == 1 or max(size) * len(size) <= 100) for size in sizes)
    assert [300] in sizes
    assert len(sizes) < len(pairs)
