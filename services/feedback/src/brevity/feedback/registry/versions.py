"""What the trainer says of a model's versions, as far as the page shows it. Pure values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from brevity.common.contracts.vocabulary import Decision, RolloutMode


class _Told(BaseModel):
    """Fields that are not known here are another release's, and left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Artifact(_Told):
    uri: str
    size_bytes: int = 0


class Check(_Told):
    """A rule of the gate. `value` and `bound` are absent on versions of older trainers."""

    ok: bool
    why: str
    value: float | None = None
    relation: Literal[">=", ">", "<="] | None = None
    bound: float | None = None

    @field_validator("value", "bound", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> Any:
        return None if isinstance(value, str) else value  # an infinite one is told as a word


class Evidence(_Told):
    """The short of a decision, kept on the version."""

    checks: dict[str, Check] = {}
    metrics: dict[str, float] = {}


class Version(_Told):
    """One registered version."""

    model: str
    version: str
    model_version: str
    engine: str
    stage: str = ""
    aliases: list[str] = []
    artifact: Artifact
    data_version: str | None = None
    variant_of: str | None = None
    decision: str | None = None
    """A `Decision`, or a word of another release."""
    reason: str | None = None
    evidence: Evidence = Evidence()
    created_ms: int = 0

    @field_validator("decision")
    @classmethod
    def _worded(cls, value: str | None) -> str | None:
        try:
            return value and Decision(value)
        except ValueError:
            return value

    @property
    def made_at(self) -> datetime:
        return datetime.fromtimestamp(self.created_ms / 1000, UTC)

    @property
    def in_service(self) -> bool:
        return "champion" in self.aliases

    def figure(self, name: str) -> float | None:
        """A mean of the evaluation that decided on it, e.g. `rouge2`."""
        return self.evidence.metrics.get(f"candidate_{name}")


class Gain(_Told):
    """A mean difference with its bounds; None for a bound that nothing is known of."""

    mean: float
    low: float | None
    high: float | None
    documents: int

    @field_validator("low", "high", mode="before")
    @classmethod
    def _finite(cls, value: Any) -> Any:
        return None if isinstance(value, str) else value


class Group(_Told):
    """Some of the evaluation's documents. `means` are the candidate's and the champion's of each measure."""

    kind: str
    name: str
    champion: float
    candidate: float
    gain: Gain
    means: dict[str, tuple[float, float]] = {}


class Evaluation(_Told):
    """What a decision stands on."""

    passes: bool
    reason: str
    checks: dict[str, Check]
    metrics: dict[str, float] = {}
    groups: list[Group] = []
    gain: Gain | None = None
    confidence: float = 0.99
    champion: str | None = None
    parent: str | None = None
    run_url: str | None = None


class Trained(_Told):
    """A document that a version was trained on; `at` is when the data were put together."""

    id: str
    text: str
    language: str
    at: datetime


class Rollout(BaseModel):
    """How a version is to come into service; `percent` is a canary's or a shadow's share of the documents."""

    model_config = ConfigDict(extra="forbid")

    mode: RolloutMode = "full"
    percent: float = Field(default=10, gt=0, le=100)

    def told(self) -> Mapping[str, Any]:
        return {"mode": self.mode, "share": 1.0 if self.mode == "full" else self.percent / 100}


def by_model(versions: Iterable[Version]) -> dict[str, list[Version]]:
    """Versions of each model, newest first."""
    found: dict[str, list[Version]] = {}
    for version in versions:
        found.setdefault(version.model, []).append(version)
    return {
        name: sorted(members, key=lambda v: int(v.version), reverse=True)
        for name, members in sorted(found.items())
    }
