"""What every fine-tuning here shares: pairs in batches by tokens, arguments of the loop, checkpoints, progress."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from brevity.neural.recipes import TuningRecipe

LEAST_PAIRS = 20
"""Fewer than this teach nothing that would hold elsewhere."""
_COMPLETE = "complete"
_POOL = 50
"""Batches whose documents are sorted by length together: little padding, and yet another mix with each seed."""

Encoded = dict[str, list[int]]
"""`input_ids`, `attention_mask` and `labels` of one pair."""


@dataclass(frozen=True, slots=True)
class Example:
    """A document and the summary to learn. `language` is its ISO 639-1 code."""

    text: str
    summary: str
    language: str


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a training stands: optimizer steps done and in all, and what was just measured."""

    step: int
    steps: int
    metrics: Mapping[str, float] = field(default_factory=dict)


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training; `metrics` are those of the last evaluation of each kind."""

    pairs: int
    steps: int
    metrics: Mapping[str, float]


class TuningError(Exception):
    """A training that cannot be begun: the data or the model are at fault."""

    def __init__(self, message: str, *, code: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


def too_few(pairs: int) -> TuningError:
    return TuningError(
        f"only {pairs} documents can be trained on, {LEAST_PAIRS} are needed",
        code="too_few_documents",
        remedy="Add sources with `brevity data add`, or collect more of reviewers' edits first.",
    )


def can_be_saved(model: Any) -> None:
    """Raises TuningError `bad_model` when transformers would refuse to write the trained model, hours later."""
    try:
        model.generation_config.validate(strict=True)
    except ValueError as error:
        raise TuningError(
            f"the base's generation_config.json contradicts itself: {error}",
            code="bad_model",
            remedy="Correct the file that the base has: settings of beams only with beams, of sampling only with do_sample.",
        ) from error


class Batches(Dataset[list[Encoded]]):
    """Each item is a whole batch, made once by length and seed; the loop shuffles their order at each epoch.

    So the loop's own order, skipping and resuming work on batches by tokens as they do on single items.
    """

    def __init__(self, pairs: Sequence[Encoded], recipe: TuningRecipe) -> None:
        order = list(range(len(pairs)))
        random.Random(recipe.seed).shuffle(order)  # noqa: S311 - an order, no secret
        pool = _POOL * recipe.batch_documents
        self._batches: list[list[Encoded]] = []
        for start in range(0, len(order), pool):
            by_length = sorted(order[start : start + pool], key=lambda i: len(pairs[i]["input_ids"]))
            self._batches += _filled([pairs[i] for i in by_length], recipe)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> list[Encoded]:
        return self._batches[index]


class Singles(Dataset[list[Encoded]]):
    """Each item is one pair, in the form of a batch: what evaluations read."""

    def __init__(self, pairs: Sequence[Encoded]) -> None:
        self._pairs = pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> list[Encoded]:
        return [self._pairs[index]]


def _filled(pairs: Sequence[Encoded], recipe: TuningRecipe) -> list[list[Encoded]]:
    """Batches of neighbours within both limits; the pairs are sorted by length."""
    out: list[list[Encoded]] = []
    batch: list[Encoded] = []
    for pair in pairs:
        padded = len(pair["input_ids"]) * (len(batch) + 1)
        if batch and (padded > recipe.batch_tokens or len(batch) == recipe.batch_documents):
            out.append(batch)
            batch = []
        batch.append(pair)
    return [*out, batch] if batch else out


def flattened(collate: Callable[[list[Encoded]], Any]) -> Callable[[list[list[Encoded]]], Any]:
    """A collator of batches made from one of pairs."""
    return lambda batches: collate([pair for batch in batches for pair in batch])


def arguments(recipe: TuningRecipe, checkpoints: Path, *, evaluates: bool, best: str) -> dict[str, Any]:
    """The recipe in the names of transformers' TrainingArguments. `best` is the metric to keep by."""
    every = "epoch" if recipe.evaluate_every is None else "steps"
    return {
        "output_dir": str(checkpoints),
        "seed": recipe.seed,
        "data_seed": recipe.seed,
        "num_train_epochs": recipe.epochs,
        "max_steps": recipe.steps or -1,
        "learning_rate": recipe.learning_rate,
        "warmup_steps": recipe.warmup,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "per_device_train_batch_size": 1,  # an item is a batch already
        "per_device_eval_batch_size": min(16, recipe.batch_documents),
        "gradient_accumulation_steps": recipe.accumulate,
        "activation_checkpointing": recipe.gradient_checkpointing,
        "bf16": recipe.bf16 and torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        "eval_strategy": every if evaluates else "no",
        "save_strategy": every,
        "eval_steps": recipe.evaluate_every,
        "save_steps": recipe.evaluate_every or 500,
        "save_total_limit": 2,
        "load_best_model_at_end": evaluates,
        "metric_for_best_model": best if evaluates else None,
        "greater_is_better": best != "loss",
        "logging_steps": 10,
        "remove_unused_columns": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "report_to": "none",
        "disable_tqdm": True,
        "push_to_hub": False,
    }


def callbacks(recipe: TuningRecipe, report: Report, *, evaluates: bool) -> list[TrainerCallback]:
    stop = [EarlyStoppingCallback(early_stopping_patience=recipe.patience)] if evaluates else []
    return [_Reporter(report), _Marker(), *stop]


def go_on(trainer: Trainer, checkpoints: Path) -> int:
    """Train from the newest complete checkpoint, or from the beginning; returns the steps done in all."""
    trainer.remove_callback(PrinterCallback)  # whoever watches is told by `report`
    trainer.train(resume_from_checkpoint=_newest(checkpoints))
    return trainer.state.global_step


def measured(trainer: Trainer) -> dict[str, float]:
    """What was measured at the step that was kept, with the loss of the last steps."""
    kept = trainer.state.best_global_step
    out: dict[str, float] = {}
    for entry in trainer.state.log_history:
        if kept is None or entry["step"] <= kept or "eval_loss" not in entry:
            out |= _numbers(entry)
    return out


class _Reporter(TrainerCallback):
    """Everything the loop logs, to whoever watches."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_log(self, args: TrainingArguments, state: Any, control: Any, **further: Any) -> None:
        self._report(Progress(state.global_step, state.max_steps, _numbers(further.get("logs") or {})))


class _Marker(TrainerCallback):
    """Marks a checkpoint once all of it is written: a process may be killed in the middle of one."""

    def on_save(self, args: TrainingArguments, state: Any, control: Any, **further: Any) -> None:
        (Path(args.output_dir or "") / f"checkpoint-{state.global_step}" / _COMPLETE).touch()


def _newest(checkpoints: Path) -> str | None:
    found = {int(path.name.partition("-")[2]): path for path in checkpoints.glob("checkpoint-*")}
    for _, path in sorted(found.items(), reverse=True):
        if (path / _COMPLETE).exists():
            return str(path)
        shutil.rmtree(path)
    return None


def _numbers(entry: Mapping[str, Any]) -> dict[str, float]:
    """Losses, rates and scores by short names; `loss` is of training, `validation_loss` of the evaluation."""
    names = {"eval_loss": "validation_loss", "eval_rouge1": "rouge1", "eval_rouge2": "rouge2"}
    kept = {"loss", "learning_rate", "grad_norm", *names}
    return {names.get(name, name): float(value) for name, value in entry.items() if name in kept}
