"""What it takes to make a model in a job, and what comes out: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.data.rows import Row
from brevity.trainer.recipe import RankerRecipe
from brevity.trainer.registry import Registry, Version
from brevity.trainer.training import Progress, train_ranker

Watch = Callable[[int, Mapping[str, float]], None]
"""Told what was measured at a step."""


@dataclass(frozen=True, slots=True)
class Making:
    """One model to be made.

    Attributes:
        rows: The data version's, all parts.
        parent: The version that it makes smaller or faster.
        base: What neural training begins with, by the settings: a folder, `models:/NAME/VERSION`, or a hub name.
        folder: This job's own, kept until the job has ended.
    """

    recipe: BaseModel
    rows: Sequence[Row]
    parent: Version | None
    base: str | None
    folder: Path
    registry: Registry
    progress: Progress
    watch: Watch


@dataclass(frozen=True, slots=True)
class Made:
    """A model's file, and how many documents it learned from."""

    file: Path
    documents: int


def make(making: Making) -> Made:
    """The model that the recipe asks for. Raises Rejected, Unavailable."""
    if isinstance(making.recipe, RankerRecipe):
        data, documents = train_ranker(making.rows, making.recipe, making.progress, making.watch)
        file = making.folder / "model.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return Made(file, documents)
    from brevity.trainer import neural  # an extra, and seconds to import

    return neural.make(making)


def beginning(making: Making) -> Path:
    """What a first candidate is compared with: the engine's own model, or the one that its training began with."""
    if isinstance(making.recipe, RankerRecipe):
        return DEFAULT_MODEL
    from brevity.trainer import neural

    return neural.base_archive(making)
