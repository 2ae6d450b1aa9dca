"""What a neural model does for us, whatever runs it: requests in, generated texts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from brevity.common.contracts.vocabulary import Style

Step = Literal["whole", "part", "merge"]
"""A whole document, one part of a long one, or the summaries of parts to be made into one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One text to be summarized in `words` words or so.

    `language` and `output_language` are ISO 639-1 codes; `avoid` are expressions that must not stand in the output.
    """

    text: str
    language: str
    words: int
    output_language: str | None = None
    style: Style = "paragraph"
    step: Step = "whole"
    title: str | None = None
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Generated:
    """A generated text.

    `seen_characters` is how far into the request's text the model read; `finished` is False when the text was cut at
    the most tokens allowed.
    """

    text: str
    source_tokens: int
    summary_tokens: int
    seen_characters: int
    finished: bool = True


class GenerationError(Exception):
    """One request that a model cannot answer; `transient` when another try may succeed."""

    def __init__(self, message: str, *, code: str, remedy: str, transient: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy
        self.transient = transient


class ServerAway(GenerationError):
    """What runs the model is away, at its limit or refuses us: nothing is wrong with the request, hold it."""

    def __init__(self, message: str, *, code: str, remedy: str) -> None:
        super().__init__(message, code=code, remedy=remedy, transient=True)


class Generator(Protocol):
    """Loaded once, used by one thread at a time; calls block. Batches inside as it sees fit."""

    @property
    def model_version(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """Most source tokens the model reads at once, room for its prompt and answer taken off."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many source tokens each text takes. O(characters)."""
        ...

    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes it can read and write; None when nothing is known."""
        ...

    def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
        """One answer for each request, in order; one that fails has its error in its place, the others go on."""
        ...
