"""What the door shows: the shapes of its answers, and how stored values become them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from brevity.common.events import SummaryCompleted, SummaryRequest
from brevity.feedback.history import Step
from brevity.feedback.model import AuditEntry, Feedback, Standing, Stored, StoredSummary, Tally
from brevity.feedback.statistics import Row


class SummaryView(SummaryCompleted):
    """A summary as it was written, and what people said of it."""

    tally: Tally
    standing: Standing
    stored_at: AwareDatetime


class SummaryWithSource(SummaryView):
    source: str | None = Field(description="The text that was summarized; null when it is no longer kept.")


class SummaryPage(Stored):
    items: list[SummaryView]
    next_cursor: str | None = None


class FeedbackList(Stored):
    items: list[Feedback]


class History(Stored):
    document_id: str
    steps: list[Step] = Field(description="Oldest first.")


class StatisticsTable(Stored):
    by: str
    rows: list[Row]


class Asked(Stored):
    """What became of asking for another summary."""

    state: Literal["submitted", "there"] = Field(
        description="`there`: the model that serves now has written it already; `summary_id` is the answer."
    )
    document_id: str
    request: SummaryRequest
    summary_id: str | None = None


class AuditList(Stored):
    items: list[AuditEntry]


class Who(Stored):
    tenant: str
    subject: str
    role: str


def shown(stored: StoredSummary) -> dict[str, Any]:
    """`SummaryView` as JSON."""
    return {
        **stored.event.model_dump(mode="json", exclude_none=True),
        "tally": stored.tally.model_dump(mode="json"),
        "standing": stored.tally.standing,
        "stored_at": stored.stored_at.isoformat(),
    }


def listed(entries: list[Feedback]) -> dict[str, Any]:
    """`FeedbackList` as JSON."""
    return {"items": [entry.model_dump(mode="json", exclude_none=True) for entry in entries]}
