"""Neural models of a job: fine-tuned, distilled or converted, each as one archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brevity.common.errors import Rejected
from brevity.neural.archive import BadModel, pack
from brevity.neural.convert import convert
from brevity.neural.distill import distill
from brevity.neural.recipes import ConvertRecipe, DistillRecipe, LoraRecipe, Seq2SeqRecipe
from brevity.neural.training import finetune
from brevity.neural.tuning import Example, Progress, Trained, TuningError
from brevity.trainer.bases import base_folder, unpack_version
from brevity.trainer.data.rows import Row
from brevity.trainer.making import Made, Making

_SHOWN = ("loss", "validation_loss", "rouge1", "rouge2", "learning_rate")
Tune = Callable[
    [Path, Sequence[Example], Sequence[Example], Any, Path, Path, Callable[[Progress], None]], Trained
]
"""`finetune`, `finetune_chat` and `distill` alike."""


def make(making: Making) -> Made:
    """The model that the recipe asks for.

    An attempt that was interrupted left its checkpoints in the job's folder: they are gone on from.

    Raises:
        Rejected: `too_few_documents`, `bad_model`, `bad_recipe`, `no_base`, `base_missing`.
        Unavailable: Something that is needed is away.
    """
    recipe = making.recipe
    with _translated():
        match recipe:
            case ConvertRecipe():
                return _converted(making, recipe)
            case DistillRecipe():
                return _tuned(making, distill, _parent(making))
            case LoraRecipe():
                from brevity.neural.lora import finetune_chat  # peft is needed by nothing else

                return _tuned(making, finetune_chat, _base(making, recipe.base))
            case Seq2SeqRecipe():
                return _tuned(making, finetune, _base(making, recipe.base))
            case _:
                raise AssertionError(type(recipe))


def base_archive(making: Making) -> Path:
    """What the training begins with, as a version: what a first candidate is compared with."""
    recipe = making.recipe
    if not isinstance(recipe, Seq2SeqRecipe | LoraRecipe):
        raise AssertionError("a variant is compared with its parent")
    archive = making.folder / "base.tar"
    pack(_base(making, recipe.base), archive)
    return archive


def _tuned(making: Making, tune: Tune, base: Path) -> Made:
    def report(progress: Progress) -> None:
        share = progress.step / progress.steps if progress.steps else 0.0
        shown = {name: value for name, value in progress.metrics.items() if name in _SHOWN}
        if shown:
            making.watch(progress.step, shown)
        said = ", ".join(
            f"{name} {value:.4g}" for name, value in progress.metrics.items() if name in _SHOWN[:4]
        )
        if "labelled_share" in progress.metrics:
            making.progress(
                0.0, f"the teacher wrote {progress.metrics['labelled_share']:.0%} of its summaries"
            )
        elif said:
            making.progress(share, f"step {progress.step} of {progress.steps}: {said}")

    out = making.folder / "model"
    shutil.rmtree(out, ignore_errors=True)
    examples = {part: _examples(making.rows, part) for part in ("train", "validation")}
    trained = tune(
        base,
        examples["train"],
        examples["validation"],
        making.recipe,
        out,
        making.folder / "checkpoints",
        report,
    )
    return _packed(making, trained.pairs)


def _converted(making: Making, recipe: ConvertRecipe) -> Made:
    parent = _parent(making)
    making.progress(0.2, f"converting to CTranslate2, {recipe.quantization}")
    out = making.folder / "model"
    shutil.rmtree(out, ignore_errors=True)
    convert(parent, out, recipe.quantization)
    return _packed(making, 0)


def _packed(making: Making, documents: int) -> Made:
    """The model in the job's folder as an archive beside it; the folder has done its service."""
    archive = making.folder / "model.tar"
    pack(making.folder / "model", archive)
    shutil.rmtree(making.folder / "model")
    return Made(archive, documents)


def _examples(rows: Sequence[Row], part: str) -> list[Example]:
    return [Example(row.text, row.summary, row.language) for row in rows if row.part == part]


def _base(making: Making, named: str | None) -> Path:
    address = named or making.base
    if address is None:
        raise Rejected(
            "nothing says which model the training begins with",
            code="no_base",
            remedy="Set BREVITY_TRAINER_SEQ2SEQ_BASE or BREVITY_TRAINER_LLM_BASE, or name a registered version as `base`.",
        )
    return base_folder(address, making.registry, making.folder / "base")


def _parent(making: Making) -> Path:
    parent = making.parent
    if parent is None or parent.engine != "seq2seq":
        raise Rejected(
            f"the parent is no seq2seq model but {parent.engine if parent else 'missing'}",
            code="bad_parent",
            remedy="Name a version that the engine seq2seq serves, e.g. seq2seq/champion.",
        )
    place = making.folder / "parent"
    shutil.rmtree(place, ignore_errors=True)
    unpack_version(making.registry, parent, place)
    return place


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (TuningError, BadModel) as error:
        raise Rejected(str(error), code=error.code, remedy=error.remedy) from error
