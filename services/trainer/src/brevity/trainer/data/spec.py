"""Which data a training is to use."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DatasetSpec(BaseModel):
    """What to train on; without anything, all sources and all feedback there are.

    Attributes:
        version: An existing version; nothing else is read then.
        sets: Names of sources; all when empty.
        feedback: Whether reviewers' edits and choices are used.
        most: Documents taken of each source, evenly spaced.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,64}$")
    sets: tuple[str, ...] = ()
    feedback: bool = True
    most: int = Field(default=5_000, ge=1, le=1_000_000)
