"""Recipes: every hyperparameter of an engine's training in one typed value, logged whole."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from brevity.common.errors import Rejected


class RankerRecipe(BaseModel):
    """How the extractive ranker is trained. The same recipe, data and library versions give the same bytes.

    The trees are more and larger than the bundled model's: with fewer, each new domain takes room from the old ones
    (docs/training.md, the whole loop).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=7, ge=0, le=2**31 - 1, description="Seed of the boosting.")
    trees: int = Field(default=240, ge=1, le=2_000, description="Boosted trees.")
    learning_rate: float = Field(default=0.06, gt=0, le=1)
    num_leaves: int = Field(default=48, ge=2, le=256)
    max_depth: int = Field(default=8, ge=1, le=16)
    min_data_in_leaf: int = Field(default=40, ge=1)
    feature_fraction: float = Field(default=0.6, gt=0, le=1)
    lambda_l2: float = Field(default=5.0, ge=0)
    words_per_set: int = Field(
        default=2_000_000,
        ge=1_000,
        description="Words of text taken of each set, in documents evenly spaced.",
    )

    def boosting(self) -> dict[str, float | int]:
        """The part that the boosting library is told, in its own names."""
        return self.model_dump(exclude={"trees", "words_per_set"})


_NEEDS: Mapping[str, tuple[str, ...]] = {
    "extractive": (),
    "seq2seq": ("brevity.neural", "torch", "transformers", "accelerate"),
    "llm": ("brevity.neural", "torch", "transformers", "accelerate", "peft"),
    "ctranslate2": ("brevity.neural", "torch", "transformers", "ctranslate2"),
}
ENGINES = tuple(_NEEDS)
"""Engines whose models can be made here; a neural one when its extra is installed."""


def recipe_of(engine: str, parameters: Mapping[str, Any], *, variant: bool = False) -> BaseModel:
    """The recipe of a request.

    Args:
        variant: It makes another version smaller or faster. For `seq2seq` that is a distillation.

    Raises:
        KeyError: An engine that cannot be trained.
        ValidationError: A wrong parameter.
        Rejected: `missing_extra` when the neural engines are not installed; `no_parent` for a conversion of nothing.
    """
    missing = [package for package in _NEEDS[engine] if not _installed(package)]
    if missing:
        raise Rejected(
            f"the engine {engine} cannot be trained here: {', '.join(missing)} not installed",
            code="missing_extra",
            remedy="Install brevity-trainer[neural] where the trainer runs; `make neural` in a checkout.",
        )
    return _kind(engine, variant).model_validate(dict(parameters))


def _kind(engine: str, variant: bool) -> type[BaseModel]:
    if engine == "extractive":
        return RankerRecipe
    from brevity.neural import recipes

    if engine == "ctranslate2":
        if not variant:
            raise Rejected(
                "a conversion is of a version that there is",
                code="no_parent",
                remedy="Say of which: `variant_of`, e.g. seq2seq/champion.",
            )
        return recipes.ConvertRecipe
    if engine == "llm":
        return recipes.LoraRecipe
    return recipes.DistillRecipe if variant else recipes.Seq2SeqRecipe


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of the package that it is in
        return False
