"""What a training needs and what it makes, the same for every engine: the port that `makers` and `neural` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from brevity.trainer.data.rows import Row
from brevity.trainer.registry import Registry, Version
from brevity.trainer.training import Progress

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
