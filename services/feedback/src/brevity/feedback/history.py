"""What happened to a document, from everything the store knows of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from brevity.common.events import DocumentRejected, SummaryCompleted
from brevity.feedback.model import Feedback, Stored, StoredOutcome, SummaryFilter
from brevity.feedback.repository import Repository

_MOST_SUMMARIES = 200


class Step(Stored):
    """One thing that happened to a document."""

    at: AwareDatetime
    kind: Literal["accepted", "rejected", "failed", "summarized", "rated", "edited", "compared"]
    summary_id: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


async def steps_of(repository: Repository, tenant: str, document_id: str) -> list[Step]:
    """Oldest first; empty for a document nothing is known of. Raises Unavailable."""
    page = await repository.summaries(tenant, SummaryFilter(document_id=document_id), limit=_MOST_SUMMARIES)
    latest = await repository.document(tenant, document_id)
    hashes = {item.event.content_hash for item in page.items}
    if latest is not None:
        hashes.add(latest.event.content_hash)
    steps: list[Step] = []
    for digest in sorted(hashes):
        document = await repository.document(tenant, document_id, digest)
        if document is not None:
            kept = {"content_hash", "title", "language", "word_count", "summary"}
            detail = document.event.model_dump(mode="json", include=kept, exclude_none=True)
            steps.append(Step(at=document.event.submitted_at, kind="accepted", detail=detail))
    steps += [_ended(outcome) for outcome in await repository.outcomes(tenant, document_id)]
    for item in page.items:
        steps.append(_summarized(item.event))
        steps += [_said(entry) for entry in await repository.feedback_of(tenant, item.event.summary_id)]
    return sorted(steps, key=lambda step: step.at)


def _ended(outcome: StoredOutcome) -> Step:
    kept = {"code", "message", "remedy", "attempts"}
    return Step(
        at=outcome.event.submitted_at,
        kind="rejected" if outcome.topic == DocumentRejected.topic else "failed",
        detail=outcome.event.model_dump(mode="json", include=kept),
    )


def _summarized(event: SummaryCompleted) -> Step:
    kept = {"content_hash", "engine", "model_version", "request", "language"}
    detail = event.model_dump(mode="json", include=kept, exclude_none=True)
    return Step(at=event.submitted_at, kind="summarized", summary_id=event.summary_id, detail=detail)


def _said(entry: Feedback) -> Step:
    kept = {
        "feedback_id",
        "reviewer",
        "rating",
        "reasons",
        "comment",
        "edited_summary",
        "edit_distance",
        "preferred_over",
    }
    kind = "edited" if entry.edited_summary is not None else "rated" if entry.rating else "compared"
    return Step(
        at=entry.recorded_at,
        kind=kind,
        summary_id=entry.summary_id,
        detail=entry.model_dump(mode="json", include=kept, exclude_none=True),
    )
