"""Makes the model that a job's recipe asks for, by the code for its engine."""

from __future__ import annotations

from pathlib import Path

from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.making import Made, Making
from brevity.trainer.recipe import RankerRecipe
from brevity.trainer.training import train_ranker


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
