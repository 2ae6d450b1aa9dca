"""What the gate judges: a model that summarizes, whatever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Written:
    """A summary, and where each of its sentences begins and ends."""

    text: str
    places: Sequence[tuple[int, int]]


class Summarizer(Protocol):
    """A model that is judged."""

    def __call__(self, text: str, language: str, words: int) -> Written:
        """A summary of about `words` words; an empty one where the model cannot."""
        ...
