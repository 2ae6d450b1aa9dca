"""The port every engine stands behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from brevity.common.contracts.vocabulary import Style
from brevity.common.errors import BrevityError
from brevity.nlp.types import Block, Span


@dataclass(frozen=True, slots=True)
class Job:
    """One document to summarize, its wishes resolved to a number of words.

    `blocks` tell what stretches of the text are; none: it is not known. The four before are for a router alone: whose it is, which engine its submitter asked for, how long ago it was
    submitted, and how many words wait at the stage up to this document. No other engine may look at them.
    """

    text: str
    language: str
    words: int
    style: Style = "paragraph"
    title: str | None = None
    output_language: str | None = None
    tenant: str = "default"
    wanted: str | None = None
    waited_seconds: float = 0.0
    waiting_words: int = 0
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class SummarySentence:
    """A sentence of a summary.

    `spans` are the source spans it was taken from or is supported by, best first; `support` is in [0, 1];
    `score` is the engine's own ranking score where it has one.
    """

    text: str
    start: int
    end: int
    spans: tuple[Span, ...]
    support: float
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Flag:
    """A warning on a summary; `start` and `end` are places in the summary."""

    code: str
    message: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Which of a router's engines wrote a summary, and why, as codes (docs/routing.md)."""

    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What an engine returns for one job; a pure function of the job and the model version.

    `cost` is in the currency of the router's prices; None where there are none.
    """

    text: str
    sentences: tuple[SummarySentence, ...]
    seen: tuple[Span, ...]
    coverage_percent: float
    engine: str
    model_version: str
    passed_through: bool = False
    warnings: tuple[Flag, ...] = ()
    decoding: dict[str, Any] = field(default_factory=dict[str, Any])
    source_words: int = 0
    summary_words: int = 0
    source_tokens: int | None = None
    summary_tokens: int | None = None
    route: Route | None = None
    cost: float | None = None


class SummaryEngine(Protocol):
    """Summarizes batches. Loaded once, used by one thread at a time; calls block.

    A job that cannot be summarized yields an error in its place (Rejected or Transient); the others go on.
    """

    @property
    def name(self) -> str: ...

    @property
    def model_version(self) -> str: ...

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]: ...


@runtime_checkable
class Speaking(Protocol):
    """An engine that can tell which languages it has. One that cannot is taken to have them all."""

    def speaks(self, language: str, output_language: str | None) -> bool:
        """Whether it can summarize a document in `language`, in `output_language` (None: the document's own)."""
        ...


def has_languages(engine: SummaryEngine, language: str, output_language: str | None) -> bool:
    """As `Speaking.speaks`, for any engine."""
    return not isinstance(engine, Speaking) or engine.speaks(language, output_language)
