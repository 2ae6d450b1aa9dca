"""The learning loop's events: feedback, drift, training, promotion."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from brevity.common.events.base import Event, Identifier, Sha256, Tenant, Timestamp, Value
from brevity.common.events.documents import SummaryRequest


class FeedbackRecorded(Event):
    """A rating or a correction of one summary by one reviewer."""

    topic: ClassVar[str] = "feedback.recorded"

    feedback_id: Identifier
    summary_id: Identifier
    document_id: Identifier
    tenant: Tenant
    rating: Literal["up", "down"] | None = None
    edited_summary: str | None = Field(default=None, description="The summary as the reviewer would have it.")
    edit_distance: float | None = Field(
        default=None, ge=0, le=1, description="Share of the words that the edit changed; absent without one."
    )
    preferred_over: Identifier | None = Field(
        default=None, description="The summary of the same text that this one was preferred to."
    )
    reasons: list[str] = Field(default_factory=list[str])
    comment: str | None = None
    reviewer: str
    content_hash: Sha256 | None = Field(
        default=None, description="The version of the source text that was summarized."
    )
    language: str | None = Field(default=None, description="Language of the source text.")
    engine: str
    model_version: str = Field(description="The version that wrote the summary, not the one in service now.")
    request: SummaryRequest | None = Field(default=None, description="The summary that was asked for.")
    decoding: dict[str, Any] = Field(
        default_factory=dict, description="The engine's parameters for that summary."
    )
    recorded_at: Timestamp

    def key(self) -> str:
        """Its own id: a tombstone then erases it, and nothing else, from the compacted topic."""
        return self.feedback_id


class Window(Value):
    """The documents or ratings a statistic was taken over."""

    first_at: Timestamp
    last_at: Timestamp
    count: int = Field(ge=0)


class DriftDetected(Event):
    """A monitor found that input or quality has moved, by more than chance explains."""

    topic: ClassVar[str] = "drift.detected"

    drift_id: Identifier
    monitor: str
    tenant: Tenant | None = None
    language: str | None = None
    model_version: str
    statistic: float
    threshold: float
    effect: float | None = Field(default=None, description="Size of the change, negative when quality fell.")
    reference: Window
    current: Window
    sample_document_ids: list[str] = Field(default_factory=list[str])
    detected_at: Timestamp

    def key(self) -> str:
        return self.monitor


class TrainingRequested(Event):
    """Somebody or something wants a model trained."""

    topic: ClassVar[str] = "training.requested"

    job_id: Identifier
    reason: Literal["person", "schedule", "drift", "feedback"]
    detail: str | None = None
    model: str
    engine: str
    dataset: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    requested_by: str | None = None
    requested_at: Timestamp

    def key(self) -> str:
        return self.model


class TrainingStatus(Event):
    """Where a training job stands; the topic keeps the last word on each job."""

    topic: ClassVar[str] = "training.status"

    job_id: Identifier
    model: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float = Field(default=0, ge=0, le=1)
    step: str | None = None
    message: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    mlflow_run_id: str | None = None
    updated_at: Timestamp

    def key(self) -> str:
        return self.job_id


class ModelPromoted(Event):
    """A model version is now the one to use; the topic keeps the last word on each engine."""

    topic: ClassVar[str] = "models.promoted"

    engine: str
    model: str
    version: str
    uri: str
    alias: str = "champion"
    previous_version: str | None = None
    reason: str
    metrics: dict[str, float] = Field(default_factory=dict)
    promoted_at: Timestamp

    def key(self) -> str:
        return self.engine
