"""Recipes: every hyperparameter of an engine's training in one typed value, logged whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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


RECIPES: Mapping[str, type[RankerRecipe]] = {"extractive": RankerRecipe}


def recipe_of(engine: str, parameters: Mapping[str, Any]) -> RankerRecipe:
    """Raises KeyError for an engine that cannot be trained and ValidationError for a wrong parameter."""
    return RECIPES[engine].model_validate(dict(parameters))
