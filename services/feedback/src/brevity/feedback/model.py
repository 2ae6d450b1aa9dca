"""What the store holds, as values: summaries with their ratings, documents, outcomes, feedback, and how to ask for them."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from brevity.common.contracts.vocabulary import DocumentState, Rating
from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    ErasedText,
    SummaryCompleted,
    SummaryFailed,
    SummaryRequest,
)
from brevity.common.events.versions import Version

Outcome = DocumentRejected | SummaryFailed
"""A document that did not get its summary."""

PipelineEvent = DocumentAccepted | DocumentRejected | SummaryCompleted | SummaryFailed

Standing = Literal["up", "down", "mixed", "none"]
"""How a summary stands with its reviewers: more up than down, more down than up, as many, or unrated."""

Reason = Literal[
    "accurate",
    "well_written",
    "right_length",
    "wrong_fact",
    "made_up",
    "misses_main_point",
    "too_long",
    "too_short",
    "hard_to_read",
    "wrong_language",
    "repeats_itself",
    "harmful",
]
"""Why; a closed set, so that it can be counted. Anything else goes into the comment."""


class Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Tally(Stored):
    """The ratings of one summary, each reviewer's latest counted once."""

    up: int = 0
    down: int = 0
    edits: int = Field(default=0, description="Reviewers who corrected it.")
    edit_distance: float = Field(
        default=0.0, description="Sum over them of the distance of their latest edit, each 0 to 1."
    )

    @property
    def standing(self) -> Standing:
        if self.up == self.down:
            return "mixed" if self.up else "none"
        return "up" if self.up > self.down else "down"


class StoredSummary(Stored):
    event: SummaryCompleted
    tally: Tally = Tally()
    stored_at: AwareDatetime = Field(description="When this store first saw it.")


class Heard(Stored):
    """An outcome of a document, as far as it takes to say how the document stands.

    Attributes:
        id: Of the summary, or the hash of the accepted text; of a rejection or failure its record's.
        problem: The rejection or failure itself.
    """

    state: DocumentState
    id: str
    version: Version
    problem: Outcome | None = None


class StoredDocument(Stored):
    event: DocumentAccepted
    stored_at: AwareDatetime


class StoredOutcome(Stored):
    topic: str
    event: Outcome
    stored_at: AwareDatetime


class Unreadable(Stored):
    """A record that could not be kept as what it should be: undecodable, or refused by the store."""

    topic: str
    partition: int
    offset: int
    key: bytes | None = None
    value: bytes
    code: str
    message: str


class Feedback(Stored):
    """One rating or correction of one summary by one reviewer, bound to all that made the summary."""

    feedback_id: str
    tenant: str
    summary_id: str
    document_id: str
    content_hash: str = Field(description="Version of the source text: SHA-256 of its normalised form.")
    reviewer: str
    rating: Rating | None = None
    reasons: list[Reason] = Field(default_factory=list[Reason])
    comment: str | None = None
    edited_summary: str | None = None
    edit_distance: float | None = Field(
        default=None, description="Share of words changed by the edit, 0 to 1; absent without one."
    )
    preferred_over: str | None = Field(
        default=None, description="The summary that this one was preferred to, when two were compared."
    )
    engine: str
    model_version: str
    request: SummaryRequest
    decoding: dict[str, Any] = Field(default_factory=dict)
    language: str
    recorded_at: AwareDatetime


class Pending(Stored):
    """A piece of feedback that is stored and not yet known to be on its topic."""

    feedback: Feedback
    owner: str = Field(description="The instance that is to publish it.")
    since: AwareDatetime


class SummaryFilter(Stored):
    """Which summaries; every field given must hold."""

    language: str | None = None
    engine: str | None = None
    model_version: str | None = None
    rating: Standing | None = None
    has_warnings: bool | None = None
    document_id: str | None = None
    content_hash: str | None = None
    since: AwareDatetime | None = Field(default=None, description="Submitted at or after.")
    until: AwareDatetime | None = Field(default=None, description="Submitted before.")
    text: str | None = Field(
        default=None, max_length=500, description="Words of title or summary, all of them."
    )


ItemT = TypeVar("ItemT")


class Page(Stored, Generic[ItemT]):
    """Some items, newest first, and where the next page begins."""

    items: list[ItemT]
    next_cursor: str | None = None


class Change(Stored):
    """Something new in a tenant's store, for live views."""

    id: str
    kind: Literal["summary", "document", "outcome", "feedback"]
    at: AwareDatetime
    document_id: str | None
    summary_id: str | None = None
    state: str


class Group(Stored):
    """Counts of the summaries that share a model version, a language and a day."""

    engine: str
    model_version: str
    language: str
    day: str = Field(description="UTC day of submission, `2026-01-31`.")
    summaries: int
    with_warnings: int
    up: int
    down: int
    edits: int
    edit_distance: float


class SummaryKind(Stored):
    """Summaries that share engine, model version and language: what there is to choose from."""

    engine: str
    model_version: str
    language: str
    last_submitted_at: AwareDatetime = Field(description="Of the latest of them.")


class AuditEntry(Stored):
    """Who did or tried what."""

    at: AwareDatetime
    tenant: str | None
    subject: str
    role: str | None
    action: str
    target: str | None = None
    outcome: Literal["done", "refused"]
    detail: dict[str, Any] = Field(default_factory=dict)
    trace_id: str | None = None


class Erased(Stored):
    """What erasing one document removed from the store, and what the rest of the erasure needs to know."""

    tenant: str
    document_id: str
    erased_at: AwareDatetime
    removed: dict[str, int] = Field(description="Records removed, by collection.")
    feedback_ids: list[str] = Field(description="Ratings and edits whose events must go from their topic.")
    objects: list[str] = Field(description="Addresses of objects that it referred to.")
    model_versions: list[str] = Field(description="`engine version` of each model that summarized it.")
    texts: list[ErasedText] = Field(description="Its texts, each with the summary that was asked for.")
