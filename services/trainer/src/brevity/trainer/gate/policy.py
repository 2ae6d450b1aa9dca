"""The gate's policy: a small file that says what a candidate must show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from brevity.common.errors import Fatal

MOST_BYTES: Mapping[str, int] = {
    "extractive": 50_000_000,
    "seq2seq": 4_000_000_000,
    "ctranslate2": 2_000_000_000,
    "llm": 4_000_000_000,
}
"""Sizes that an engine's models may have by default: BART-large in float32 takes 1.6 GB, PEGASUS-large 2.3."""


class Policy(BaseModel):
    """Thresholds; the defaults are the policy of an installation that gives no file.

    Differences are candidate less champion, over the same documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    approval: Literal["automatic", "person"] = Field(
        default="automatic", description="`person`: what passes waits for `brevity models promote`."
    )
    confidence: float = Field(default=0.99, gt=0.5, lt=1, description="Of each one-sided bound.")
    resamples: int = Field(default=5_000, ge=500, le=200_000, description="Bootstrap samples.")
    seed: int = Field(default=20_261, description="Seed of the bootstrap.")
    min_documents: int = Field(default=60, ge=2, description="Fewer evaluation documents promote nothing.")
    min_gain: float = Field(
        default=0.0, ge=-1, le=1, description="ROUGE-2 must rise by more than this, at the lower bound."
    )
    max_group_drop: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="No set, language or length may fall by more than this in ROUGE-2, where the fall is significant.",
    )
    min_group_documents: int = Field(default=8, ge=2, description="Smaller groups are shown, not judged.")
    max_faithfulness_drop: float = Field(default=0.01, ge=0, le=1, description="In mean faithfulness.")
    max_seconds_ratio: float = Field(
        default=2.0, gt=0, description="Median time a document, candidate's by champion's."
    )
    max_bytes: Mapping[str, Annotated[int, Field(gt=0)]] = Field(
        default_factory=dict,
        description="Size of the model's file, by engine; what is not named keeps its default.",
    )
    variant_keeps: float = Field(
        default=0.99,
        ge=0,
        le=1,
        description="A variant made to be faster or smaller (tag `variant_of`) must keep this share of its parent's ROUGE-2; instead of gaining, where the parent is the champion.",
    )

    def bytes_of(self, engine: str) -> int:
        """The most bytes a model of the engine may have."""
        return self.max_bytes.get(engine, MOST_BYTES.get(engine, MOST_BYTES["extractive"]))


def load_policy(path: Path | None) -> Policy:
    """The policy in a YAML or JSON file, or the default one. Raises Fatal `bad_policy`."""
    if path is None:
        return Policy()
    try:
        text = path.read_text("utf-8")
        value = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        return Policy.model_validate(value or {})
    except (OSError, ValueError, yaml.YAMLError) as error:
        wrong = (
            "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise Fatal(
            f"the policy {path} cannot be used: {wrong}",
            code="bad_policy",
            remedy="Correct the file; docs/training.md lists its fields.",
        ) from error
