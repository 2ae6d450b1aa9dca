"""Settings of the feedback service."""

from __future__ import annotations

import socket

from pydantic import Field, SecretStr

from brevity.common.settings import AuthSettings, Block, HttpSettings, MongoSettings, S3Settings, Settings
from brevity.feedback.drift_settings import DriftBlock


class FeedbackBlock(Block):
    batch_records: int = Field(default=500, ge=1, le=10_000, description="Most events written as one batch.")
    batch_wait_seconds: float = Field(
        default=0.2, gt=0, le=10, description="Longest wait for a batch's events."
    )
    retention_days: int = Field(
        default=365,
        ge=0,
        description="Days for which documents, summaries and failures are kept; 0 for ever.",
    )
    feedback_retention_days: int = Field(
        default=730, ge=0, description="Days for which ratings and edits are kept; 0 for ever."
    )
    audit_retention_days: int = Field(
        default=365, ge=0, description="Days the audit log is kept; 0 for ever."
    )
    max_text_bytes: int = Field(
        default=40_000_000, ge=1_000, description="Largest source text that is fetched from the object store."
    )
    instance_id: str | None = Field(
        default=None,
        max_length=200,
        description="Name of this instance, unique among those running at once; the host's name when absent.",
    )
    outbox_takeover_seconds: float = Field(
        default=30.0, ge=1, description="After this an instance publishes what another one left unpublished."
    )
    trainer_url: str | None = Field(
        default=None,
        description="The trainer's HTTP door, for the models page, and for `brevity forget` to erase from training data; none when absent.",
    )
    trainer_api_key: SecretStr | None = Field(
        default=None,
        description="Key for the trainer's door, with the role operator (or of an admin of the operator's tenant).",
    )
    live_poll_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often the store is asked for news while somebody watches."
    )
    live_heartbeat_seconds: float = Field(
        default=15.0, gt=0, le=300, description="A live stream without news shows after this that it lives."
    )
    live_streams: int = Field(
        default=200, ge=0, description="Most live streams that one instance serves at once."
    )
    live_streams_per_caller: int = Field(
        default=20,
        ge=1,
        description="Most live streams of one caller; those of a tenant take half of all at most.",
    )

    @property
    def instance(self) -> str:
        """The name of this process."""
        return self.instance_id or socket.gethostname()


class FeedbackSettings(Settings):
    """`python -m brevity.feedback`."""

    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    feedback: FeedbackBlock = Field(default_factory=FeedbackBlock)
    drift: DriftBlock = Field(default_factory=DriftBlock)
