"""Distillation by shrinking and fine-tuning (Shleifer and Rush 2020, "Pre-trained Summarization Distillation").

The student is the teacher with fewer decoder layers, taken evenly from it: the decoder runs once for each token that is
written, so its depth is where a summary's time goes. The student then learns to write what the teacher writes.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    set_seed,
)

from brevity.neural.loading import device_of
from brevity.neural.recipes import DistillRecipe
from brevity.neural.training import fit, writer, written
from brevity.neural.tuning import Example, Progress, Report, Trained, TuningError

_LABELS = "labels.json"
_AT_ONCE = 128
_DECODER_LAYERS = ("decoder_layers", "num_decoder_layers")
"""How BART and T5 configurations name the count."""


def distill(
    teacher: Path,
    train: Sequence[Example],
    validation: Sequence[Example],
    recipe: DistillRecipe,
    out: Path,
    checkpoints: Path,
    report: Report,
) -> Trained:
    """Write a student of `teacher` to the folder `out`.

    Args:
        teacher: Folder of the teacher, in safetensors.
        validation: Pairs with their references: the student is chosen by what counts in the end, not by likeness.
        checkpoints: As `training.finetune` has it; the teacher's labels are kept there too.

    Raises:
        TuningError: `too_few_documents`, `bad_recipe`.
    """
    set_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(teacher, local_files_only=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(
        teacher, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    student = shrunk(model, recipe.decoder_layers)
    labelled = _labelled(model, tokenizer, train, recipe, checkpoints / _LABELS, report)
    lessons = [*labelled, *train] if recipe.references else labelled
    return fit(student, tokenizer, lessons, validation, recipe, out, checkpoints, report)


def shrunk(teacher: PreTrainedModel, layers: int | None) -> PreTrainedModel:
    """A copy of the teacher with `layers` of its decoder's layers, half of them when None; first and last stay.

    Raises:
        TuningError: `bad_recipe` when the teacher has no more layers than that.
    """
    name = next((n for n in _DECODER_LAYERS if hasattr(teacher.config, n)), None)
    depth = int(getattr(teacher.config, name)) if name else 0
    wanted = layers or depth // 2
    if name is None or not 0 < wanted < depth:
        raise TuningError(
            f"a student of {wanted} decoder layers cannot be taken from a teacher of {depth}",
            code="bad_recipe",
            remedy="Ask for fewer decoder_layers than the teacher has.",
        )
    config = copy.deepcopy(teacher.config)
    setattr(config, name, wanted)
    student = type(teacher)(config)
    student.generation_config = copy.deepcopy(teacher.generation_config)
    place = {old: new for new, old in enumerate(evenly(depth, wanted))}
    weights: dict[str, torch.Tensor] = {}
    for key, value in teacher.state_dict().items():
        found = re.search(r"decoder\.(?:layers|block)\.(\d+)\.", key)
        if found is None:
            weights[key] = value
        elif int(found[1]) in place:
            weights[f"{key[: found.start(1)]}{place[int(found[1])]}{key[found.end(1) :]}"] = value
    student.load_state_dict(weights)
    return student


def evenly(depth: int, wanted: int) -> list[int]:
    """`wanted` of the layers 0 to depth - 1, as evenly spaced as can be, the first and (from two on) the last among them."""
    return [round(i * (depth - 1) / max(1, wanted - 1)) for i in range(wanted)]


def _labelled(
    teacher: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    recipe: DistillRecipe,
    kept: Path,
    report: Report,
) -> list[Example]:
    """The documents with what the teacher writes about each; an interrupted training finds it again in `kept`."""
    if kept.exists():
        summaries: list[str] = json.loads(kept.read_text("utf-8"))
    else:
        summaries = _written(teacher, tokenizer, examples, recipe, report)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(summaries), "utf-8")
        unfinished.rename(kept)
    pairs = zip(examples, summaries, strict=True)
    return [replace(example, summary=summary) for example, summary in pairs if summary]


def _written(
    teacher: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    recipe: DistillRecipe,
    report: Report,
) -> list[str]:
    """The teacher's summary of each document, as it serves them, by beam search."""
    model: Any = teacher
    model.to(device_of("auto")).eval()
    generator = writer(teacher, tokenizer, recipe, recipe.teacher_beams)
    out: list[str] = []
    for start in range(0, len(examples), _AT_ONCE):
        out += written(generator, examples[start : start + _AT_ONCE])
        report(Progress(0, 0, {"labelled_share": len(out) / len(examples)}))
    return out
