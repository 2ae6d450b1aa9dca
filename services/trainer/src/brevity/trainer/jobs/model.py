"""A training job: what was asked for, and where it stands. Pure values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from brevity.common.contracts.vocabulary import ENDED_JOBS, JobState, TrainingReason
from brevity.common.events import TrainingRequested, TrainingStatus

Outcome = Literal["promoted", "waiting", "refused"]
"""Of a job that succeeded: its version is in service, waits for somebody's approval, or was refused by the gate."""

LOG_LINES = 100


class Job(BaseModel):
    """One training, from being asked for to its end.

    Attributes:
        variant_of: The version that it makes smaller or faster, as it was named by who asked.
        attempt: How often it was begun.
        checkpoint: What earlier attempts have finished, by step; the next attempt goes on from there.
        revision: Grows with each change, so that watchers and the topic see every state once.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    job_id: str
    model: str
    engine: str
    reason: TrainingReason
    detail: str | None = None
    dataset: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    variant_of: str | None = None
    requested_by: str | None = None
    requested_at: AwareDatetime

    state: JobState = "queued"
    attempt: int = 0
    attempts_allowed: int = 1
    progress: float = 0.0
    step: str | None = None
    message: str | None = None
    code: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    checkpoint: dict[str, Any] = Field(default_factory=dict)
    log: list[str] = Field(default_factory=list)
    mlflow_run_id: str | None = None
    run_url: str | None = None
    version: str | None = None
    outcome: Outcome | None = None

    owner: str | None = None
    lease_until: AwareDatetime | None = None
    cancel_asked: bool = False
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    updated_at: AwareDatetime
    revision: int = 1
    announced: bool = False

    @property
    def ended(self) -> bool:
        return self.state in ENDED_JOBS

    def seconds(self) -> float:
        """How long its last attempt took; 0 before it has ended."""
        if self.started_at is None or self.finished_at is None:
            return 0.0
        return (self.finished_at - self.started_at).total_seconds()


def job_of(event: TrainingRequested, attempts: int) -> Job:
    """The job that a request asks for."""
    return Job(
        **event.model_dump(), attempts_allowed=attempts, updated_at=event.requested_at, message="in the queue"
    )


def status_of(job: Job) -> TrainingStatus:
    """What the topic says of a job."""
    return TrainingStatus(
        job_id=job.job_id,
        model=job.model,
        state=job.state,
        progress=job.progress,
        step=job.step,
        message=job.message,
        metrics=job.metrics,
        mlflow_run_id=job.mlflow_run_id,
        updated_at=job.updated_at,
    )


def interrupted(job: Job, now: datetime, why: str) -> dict[str, Any]:
    """The fields that change when a job's attempt ended without a result: it waits to be resumed, or has failed."""
    common = {"owner": None, "lease_until": None, "updated_at": now}
    if job.cancel_asked:
        return {**common, "state": "cancelled", "message": "cancelled", "finished_at": now}
    if job.attempt < job.attempts_allowed:
        return {**common, "state": "queued", "message": f"{why}; it will be resumed"}
    message = f"{why} at attempt {job.attempt} of {job.attempts_allowed}"
    return {**common, "state": "failed", "code": "interrupted", "message": message, "finished_at": now}
