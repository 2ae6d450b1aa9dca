"""The learning loop's events: feedback, drift, training, promotion."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from brevity.common.contracts.vocabulary import JobState, Rating, RolloutMode, ServedState, TrainingReason
from brevity.common.events.base import Event, Identifier, ObjectRef, Sha256, Tenant, Timestamp, Value
from brevity.common.events.documents import SummaryRequest
from brevity.common.ids import deterministic_id


class FeedbackRecorded(Event):
    """A rating or a correction of one summary by one reviewer."""

    topic: ClassVar[str] = "feedback.recorded"

    feedback_id: Identifier
    summary_id: Identifier
    document_id: Identifier
    tenant: Tenant
    rating: Rating | None = None
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
    reason: TrainingReason
    detail: str | None = None
    model: str
    engine: str
    dataset: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    variant_of: str | None = Field(
        default=None,
        max_length=200,
        description="The version that this makes smaller or faster: its number or alias, or `model/version` of another model.",
    )
    requested_by: str | None = None
    requested_at: Timestamp

    def key(self) -> str:
        return self.model


class TrainingStatus(Event):
    """Where a training job stands; the topic keeps the last word on each job."""

    topic: ClassVar[str] = "training.status"

    job_id: Identifier
    model: str
    state: JobState
    progress: float = Field(default=0, ge=0, le=1)
    step: str | None = None
    message: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    mlflow_run_id: str | None = None
    updated_at: Timestamp

    def key(self) -> str:
        return self.job_id


class Rollout(Value):
    """How a version comes into service.

    `full`: it writes every summary. `canary`: it writes those of a share of the documents, chosen by their hash, and
    the previous version the others. `shadow`: the previous version writes all; this one summarizes a share of the
    documents beside it, and only the differences are kept.
    """

    mode: RolloutMode = "full"
    share: float = Field(
        default=1.0, ge=0, le=1, description="Share of the documents, for `canary` and `shadow`."
    )


class ModelPromoted(Event):
    """What an engine is to serve from now on; the topic keeps the last word on each engine.

    It stands on its own: with `canary` and `shadow` it names the previous version's artifact too, so that a process
    that starts later serves the same two. Without `artifact` the engine's own model, the one it comes with, is meant.
    """

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
    artifact: ObjectRef | None = Field(
        default=None,
        description="The model's bytes, `s3://BUCKET/models/<name>/<version>/model.json`, with their SHA-256.",
    )
    model_version: str | None = Field(
        default=None, description="How summaries of this version name it, e.g. `extractive-1b2f…`."
    )
    previous_artifact: ObjectRef | None = Field(
        default=None, description="The previous version's bytes; absent for the engine's own model."
    )
    previous_model_version: str | None = Field(
        default=None, description="How summaries of the previous version name it."
    )
    rollout: Rollout = Field(default_factory=Rollout)
    evidence: str | None = Field(
        default=None,
        max_length=2_000,
        description="Where the grounds of the decision are, e.g. an MLflow run.",
    )
    decided_by: str | None = Field(
        default=None, max_length=200, description="The person or the rule that decided."
    )
    vouched_by: str | None = Field(
        default=None,
        max_length=200,
        description="The caller whose word it is that a person decided, where a service passed that on.",
    )

    @property
    def promotion_id(self) -> str:
        """The same for the same decision, in any process."""
        return deterministic_id(
            "prm",
            self.engine,
            self.model,
            self.version,
            self.rollout.model_dump_json(),
            self.promoted_at.isoformat(),
        )

    def key(self) -> str:
        return self.engine


class ModelServed(Event):
    """What one serving process made of a promotion: the grounds of the deployment ledger."""

    topic: ClassVar[str] = "models.served"

    report_id: Identifier
    promotion_id: Identifier = Field(description="Derived from the promotion; equal in every process.")
    engine: str
    model: str
    version: str
    model_version: str | None = Field(
        default=None, description="How summaries of it name it; absent when it could not be loaded."
    )
    state: ServedState = Field(
        description="`in_service`: it writes summaries, or is compared as a shadow, from now on. `refused`: it could not"
        " be loaded or failed its trial, and what was in service goes on. `retired`: its last batch is done."
        " `compared`: what a shadow did differently, over some documents."
    )
    rollout: Rollout = Field(default_factory=Rollout)
    reason: str | None = Field(default=None, description="Why it was promoted.")
    evidence: str | None = Field(default=None, description="Where the grounds of the promotion are.")
    promoted_at: Timestamp | None = None
    code: str | None = Field(default=None, description="Why it was refused.")
    message: str | None = None
    process: str = Field(description="Host and process that reports.")
    metrics: dict[str, float] = Field(
        default_factory=dict, description="Seconds for loading and trial; a shadow's counts and differences."
    )
    reported_at: Timestamp

    def key(self) -> str:
        return self.engine
