"""Summaries on their way out, and the documents that could not be summarized.

The value of `summaries.completed` is a pure function of the document, the request and the model version, so that
doing the work again yields the same bytes; what differs from run to run (timings) travels in record headers.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from brevity.common.contracts.vocabulary import WarningCode
from brevity.common.events.base import Event, Identifier, ObjectRef, Origin, Sha256, Tenant, Timestamp, Value
from brevity.common.events.documents import Metadata, SummaryRequest


class Span(Value):
    """Characters [start, end) of the normalised source text, in Unicode code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class SupportedSentence(Value):
    """A sentence of the summary with the source that supports it."""

    text: str
    start: int = Field(ge=0, description="Where the sentence begins in `summary`, in code points.")
    end: int = Field(ge=0)
    spans: list[Span] = Field(
        description="The source spans that support it, best first; empty when none does."
    )
    support: float = Field(
        ge=0, le=1, description="How well they support it; 1 for a sentence taken word for word."
    )


class SummaryWarning(Value):
    """Something a reader should check, e.g. a number that the source does not hold."""

    code: str = Field(
        description="One of " + ", ".join(f"`{code}`" for code in WarningCode) + "; more may come."
    )
    message: str
    start: int | None = Field(
        default=None, ge=0, description="Where in `summary`, when it concerns a place there."
    )
    end: int | None = Field(default=None, ge=0)


class Coverage(Value):
    """What the engine saw of the source."""

    percent: float = Field(ge=0, le=100)
    spans: list[Span]


class Usage(Value):
    """Counts that cost is computed from."""

    source_words: int = Field(ge=0)
    summary_words: int = Field(ge=0)
    source_tokens: int | None = Field(
        default=None, ge=0, description="Model tokens read, for engines that have them."
    )
    summary_tokens: int | None = Field(default=None, ge=0)
    cost: float | None = Field(default=None, ge=0, description="In the currency the operator set prices in.")


class Route(Value):
    """Which of several engines wrote the summary, and why that one."""

    name: str = Field(description="The route's name in the router's policy.")
    reasons: list[str] = Field(
        description="Codes: what set the order (`wanted`, `rule:NAME`, `default`), then what was passed over and why"
        " (`ROUTE:language`, `ROUTE:cost`, `ROUTE:deadline`, `ROUTE:ERROR_CODE`)."
    )


class SummaryCompleted(Event):
    """A summary, with the evidence for each of its sentences."""

    topic: ClassVar[str] = "summaries.completed"

    summary_id: Identifier = Field(
        description="Derived from tenant, content hash, request and model version."
    )
    document_id: Identifier
    tenant: Tenant
    content_hash: Sha256
    title: str | None = None
    language: str
    summary: str
    sentences: list[SupportedSentence]
    coverage: Coverage
    warnings: list[SummaryWarning] = Field(default_factory=list[SummaryWarning])
    passed_through: bool = Field(
        default=False, description="The document was no longer than the summary wanted, and is the summary."
    )
    engine: str
    model_version: str
    decoding: dict[str, Any] = Field(
        default_factory=dict, description="The engine's parameters for this summary."
    )
    route: Route | None = Field(
        default=None, description="Where a router chose the engine: which and why; absent elsewhere."
    )
    request: SummaryRequest
    usage: Usage
    metadata: Metadata = Field(default_factory=dict)
    claim_id: str | None = Field(
        default=None, description="After a replay: what ingest holds the text by, which is taken after all."
    )
    submitted_at: Timestamp
    origin: Origin = Field(
        description="The submission. Not the accepted record: its offset depends on how transactions fell."
    )

    def key(self) -> str:
        return self.document_id


class SummaryFailed(Event):
    """A document that could not be summarized: a dead letter, to be replayed once the cause is mended."""

    topic: ClassVar[str] = "summaries.failed"

    document_id: str | None = None
    tenant: str | None = None
    content_hash: str | None = None
    code: str
    message: str
    remedy: str
    attempts: int = Field(ge=1)
    engine: str | None = None
    model_version: str | None = None
    original: ObjectRef | None = Field(
        default=None, description="The `documents.accepted` value as received."
    )
    claim_id: str | None = Field(
        default=None,
        description="What ingest held the text by: it is free again, so that it can be sent again.",
    )
    submitted_at: Timestamp
    origin: Origin = Field(description="The record that failed, to be replayed from.")
    submission: Origin | None = Field(
        default=None, description="The document's submission; absent when the record could not be read."
    )

    def key(self) -> str:
        return self.document_id or f"{self.origin.topic}/{self.origin.partition}/{self.origin.offset}"
