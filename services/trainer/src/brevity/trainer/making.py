"""What it takes to make a model in a job, and what comes out: the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from brevity.common.errors import Rejected
from brevity.common.observability.logging import get_logger
from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.nlp.ranker import BadModel, Ranker
from brevity.trainer.data.rows import Row
from brevity.trainer.data.versions import Versions
from brevity.trainer.recipe import RankerRecipe
from brevity.trainer.registry import Registry, Version
from brevity.trainer.training import Progress, Serving, train_ranker

log = get_logger(__name__)

Watch = Callable[[int, Mapping[str, float]], None]
"""Told what was measured at a step."""


@dataclass(frozen=True, slots=True)
class Making:
    """One model to be made.

    Attributes:
        rows: The data version's, all parts.
        parent: The version that it makes smaller or faster.
        champion: The version in service.
        base: What neural training begins with, by the settings: a folder, `models:/NAME/VERSION`, or a hub name.
        folder: This job's own, kept until the job has ended.
    """

    recipe: BaseModel
    rows: Sequence[Row]
    parent: Version | None
    champion: Version | None
    base: str | None
    folder: Path
    registry: Registry
    versions: Versions
    progress: Progress
    watch: Watch


@dataclass(frozen=True, slots=True)
class Made:
    """A model's file, how many documents it learned from, and the version whose judgement of known ones it was told."""

    file: Path
    documents: int
    teacher: Version | None = None


def make(making: Making) -> Made:
    """The model that the recipe asks for. Raises Rejected, Unavailable."""
    if isinstance(making.recipe, RankerRecipe):
        serving = _serving(making)
        data, documents = train_ranker(making.rows, making.recipe, making.progress, making.watch, serving)
        file = making.folder / "model.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return Made(file, documents, making.champion if serving else None)
    from brevity.trainer import neural  # an extra, and seconds to import

    return neural.make(making)


def beginning(making: Making) -> Path:
    """What a first candidate is compared with: the engine's own model, or the one that its training began with."""
    if isinstance(making.recipe, RankerRecipe):
        return DEFAULT_MODEL
    from brevity.trainer import neural

    return neural.base_archive(making)


def _serving(making: Making) -> Serving | None:
    """The champion and its training set; None when it has none here, or one that was erased or is of another format."""
    champion = making.champion
    if champion is None or champion.engine != "extractive" or not champion.data_version:
        return None
    try:
        rows = making.versions.rows(champion.data_version)
        file = making.registry.read(champion, making.folder / "champion")
        return Serving(Ranker.load(file), rows)
    except BadModel as error:
        log.warning("the serving version teaches nothing", version=champion.name, reason=str(error))
    except Rejected as error:
        if error.code not in ("erased_version", "unknown_version"):
            raise
        log.warning("the serving version teaches nothing", version=champion.name, reason=error.message)
    return None
