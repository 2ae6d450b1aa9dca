"""Shrink and fine-tune: a student of half the decoder writes nearly as well as its teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, T5Config, T5ForConditionalGeneration

from brevity.neural.distill import distill, evenly, shrunk
from brevity.neural.recipes import DistillRecipe
from brevity.neural.tuning import Progress, TuningError
from tests.support.neural_task import council, rouge2, tiny_bart
from tests.unit.neural.conftest import Taught

RECIPE = DistillRecipe(
    steps=60,
    learning_rate=2e-3,
    batch_documents=32,
    label_smoothing=0.0,
    max_target_tokens=24,
    teacher_beams=2,
    evaluate_every=30,
)


def test_a_student_of_half_the_decoder_keeps_95_percent_of_its_teachers_rouge(
    teacher: Taught, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    documents = council(400, 6)
    distill(
        teacher.folder, documents, council(48, 2), RECIPE, tmp_path / "out", tmp_path / "work", seen.append
    )
    student = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "out", local_files_only=True)
    assert student.config.decoder_layers == 1
    held = council(48, 5)
    wanted = 0.95 * rouge2(teacher.folder, held)
    assert rouge2(_cut_out(teacher.folder, tmp_path / "raw"), held) < wanted  # shrinking alone does not do
    assert rouge2(tmp_path / "out", held) >= wanted
    labelled = [p.metrics["labelled_share"] for p in seen if "labelled_share" in p.metrics]
    assert labelled == sorted(labelled)
    assert labelled[-1] == 1.0

    again: list[Progress] = []
    short = RECIPE.model_copy(update={"steps": 1, "evaluate_every": 1})
    (work := tmp_path / "again").mkdir()
    (tmp_path / "work" / "labels.json").rename(work / "labels.json")
    distill(teacher.folder, documents, [], short, tmp_path / "more", work, again.append)
    assert not [p for p in again if "labelled_share" in p.metrics]  # what the teacher wrote was kept


def _cut_out(teacher: Path, folder: Path) -> Path:
    """The student before it has learned anything."""
    shrunk(AutoModelForSeq2SeqLM.from_pretrained(teacher, local_files_only=True), None).save_pretrained(
        folder
    )
    AutoTokenizer.from_pretrained(teacher, local_files_only=True).save_pretrained(folder)
    return folder


def test_the_students_layers_are_the_teachers_taken_evenly(tmp_path: Path) -> None:
    whole = AutoModelForSeq2SeqLM.from_pretrained(
        tiny_bart(tmp_path, decoder_layers=4), local_files_only=True
    )
    student = shrunk(whole, 2)
    ours, theirs = student.state_dict(), whole.state_dict()
    for new, old in ((0, 0), (1, 3)):
        name = "model.decoder.layers.{}.fc1.weight"
        assert torch.equal(ours[name.format(new)], theirs[name.format(old)])
    assert torch.equal(ours["model.encoder.layers.1.fc1.weight"], theirs["model.encoder.layers.1.fc1.weight"])


def test_t5_is_shrunk_by_its_own_names() -> None:
    settings: dict[str, Any] = {"decoder_start_token_id": 0, "pad_token_id": 0}
    config = T5Config(
        vocab_size=50,
        d_model=16,
        d_ff=32,
        d_kv=4,
        num_heads=4,
        num_layers=2,
        num_decoder_layers=4,
        **settings,
    )
    teacher = T5ForConditionalGeneration(config)
    student = shrunk(teacher, None)
    assert student.config.num_decoder_layers == 2
    name = "decoder.block.{}.layer.0.SelfAttention.q.weight"
    assert torch.equal(student.state_dict()[name.format(1)], teacher.state_dict()[name.format(3)])
    ids = torch.tensor([[5, 6, 7]])
    assert student(input_ids=ids, labels=ids).loss > 0


def test_layers_are_spaced_evenly_from_first_to_last() -> None:
    assert evenly(12, 6) == [0, 2, 4, 7, 9, 11]
    assert evenly(12, 3) == [0, 6, 11]
    assert evenly(4, 1) == [0]


@pytest.mark.parametrize("layers", [2, 9])
def test_a_student_must_be_smaller_than_its_teacher(teacher: Taught, layers: int) -> None:
    whole = AutoModelForSeq2SeqLM.from_pretrained(teacher.folder, local_files_only=True)
    with pytest.raises(TuningError) as raised:
        shrunk(whole, layers)
    assert raised.value.code == "bad_recipe"
