"""Promotions with what serving processes reported of them, and who was in production when. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from brevity.common.events import ModelPromoted, ModelServed, Rollout

State = Literal["announced", "in_service", "refused"]


class Refusal(BaseModel):
    """Why one process did not serve it."""

    model_config = ConfigDict(frozen=True)

    process: str
    code: str
    message: str
    at: AwareDatetime


class Entry(BaseModel):
    """One promotion and what became of it."""

    model_config = ConfigDict(frozen=True)

    promotion_id: str
    engine: str
    model: str
    version: str
    model_version: str | None = Field(description="How its summaries name it.")
    previous_version: str | None = None
    previous_model_version: str | None = None
    rollout: Rollout = Rollout()
    reason: str | None = None
    evidence: str | None = Field(default=None, description="Where the grounds of the decision are.")
    decided_by: str | None = None
    promoted_at: AwareDatetime
    in_service_at: AwareDatetime | None = Field(
        default=None, description="When the first process served it; absent while none has said so."
    )
    processes: int = Field(default=0, description="Processes that have served it.")
    refusals: list[Refusal] = Field(default_factory=list[Refusal])
    comparison: dict[str, float] = Field(
        default_factory=dict, description="As a shadow: documents compared, and means over them."
    )

    @property
    def state(self) -> State:
        if self.in_service_at is not None:
            return "in_service"
        return "refused" if self.refusals else "announced"


def entry_of(promotion: ModelPromoted | None, reports: Sequence[ModelServed]) -> Entry | None:
    """One promotion's entry; from the reports alone when the compacted topic held it no more. None without either."""
    grounds = promotion or next(iter(reports), None)
    if grounds is None:
        return None
    served = [report for report in reports if report.state == "in_service"]
    named = grounds.model_version or next((r.model_version for r in reports if r.model_version), None)
    return Entry(
        promotion_id=grounds.promotion_id,
        engine=grounds.engine,
        model=grounds.model,
        version=grounds.version,
        model_version=named,
        previous_version=promotion.previous_version if promotion else None,
        previous_model_version=promotion.previous_model_version if promotion else None,
        rollout=grounds.rollout,
        reason=grounds.reason,
        evidence=grounds.evidence,
        decided_by=promotion.decided_by if promotion else None,
        promoted_at=grounds.promoted_at or min(report.reported_at for report in reports),
        in_service_at=min((report.reported_at for report in served), default=None),
        processes=len({report.process for report in served}),
        refusals=[
            Refusal(
                process=report.process,
                code=report.code or "unknown",
                message=report.message or "",
                at=report.reported_at,
            )
            for report in reports
            if report.state == "refused"
        ],
        comparison=_compared([report.metrics for report in reports if report.state == "compared"]),
    )


def in_production(entries: Iterable[Entry], engine: str, instant: datetime) -> Entry | None:
    """The promotion that was being served at `instant`: the last that a process had taken up by then.

    None: the engine's own model, as far as is known. One that every process refused was never in production.
    """
    served = [
        (entry.in_service_at, entry)
        for entry in entries
        if entry.engine == engine and entry.in_service_at is not None and entry.in_service_at <= instant
    ]
    return max(served, key=lambda pair: (pair[1].promoted_at, pair[0]), default=(None, None))[1]


def _compared(parts: Sequence[dict[str, float]]) -> dict[str, float]:
    """Counts added up; means weighed by the documents they were taken over."""
    total = sum(part.get("documents", 0) for part in parts)
    if not total:
        return {}
    counts = {name: sum(part.get(name, 0) for part in parts) for name in ("documents", "failed", "dropped")}
    means = {name for part in parts for name in part} - counts.keys()
    weighed = {
        name: sum(part.get(name, 0) * part.get("documents", 0) for part in parts) / total for name in means
    }
    return {**counts, **dict(sorted(weighed.items()))}
