"""Values to records and back. A record holds the event word for word as JSON, and beside it what it is found by."""

from __future__ import annotations

from typing import Any

from brevity.common.errors import Rejected
from brevity.common.events import DocumentAccepted, DocumentRejected, Event, SummaryCompleted, SummaryFailed
from brevity.common.events.versions import Version, state_of, version_of
from brevity.common.ids import content_hash, deterministic_id
from brevity.feedback.model import (
    Feedback,
    Heard,
    Outcome,
    PipelineEvent,
    StoredDocument,
    StoredOutcome,
    StoredSummary,
    Tally,
    Unreadable,
)
from brevity.feedback.mongo.collections import SCHEMA_VERSION
from brevity.feedback.search import search_words

Fields = dict[str, Any]
_LARGEST_EVENT_BYTES = 12 << 20
"""MongoDB takes 16 MiB a record, of which what an event is found by needs some."""


def within(tenant: str, *parts: str) -> str:
    """An id within a tenant. A tenant's name holds no slash, so no two tenants share an id."""
    return "/".join((tenant, *parts))


def of_document(event: DocumentAccepted) -> tuple[str, Fields]:
    return within(event.tenant, event.content_hash, event.document_id), {
        **_common(event.tenant, event.document_id),
        "content_hash": event.content_hash,
        "text_uri": event.text_ref.uri if event.text_ref else None,
        "event": _word_for_word(event),
    }


def of_summary(event: SummaryCompleted) -> tuple[str, Fields]:
    return within(event.tenant, event.summary_id), {
        **_common(event.tenant, event.document_id),
        "summary_id": event.summary_id,
        "content_hash": event.content_hash,
        "submitted_at": event.submitted_at,
        "day": f"{event.submitted_at:%Y-%m-%d}",
        "language": event.language,
        "engine": event.engine,
        "model_version": event.model_version,
        "with_warnings": 1 if event.warnings else 0,
        "words": search_words(event.title, event.summary),
        "tally": {"version": 0, "standing": "none", **Tally().model_dump()},
        "event": _word_for_word(event),
    }


def of_outcome(event: Outcome) -> tuple[str, Fields]:
    value = _word_for_word(event)
    return deterministic_id("out", event.topic, event.key(), value), {
        **_common(event.tenant, event.document_id),
        "topic": event.topic,
        "code": event.code,
        "original_uri": event.original.uri if event.original else None,
        "submitted_at": event.submitted_at,
        "event": value,
    }


def of_unreadable(record: Unreadable) -> tuple[str, Fields]:
    fields = record.model_dump()
    name = f"{record.topic}/{record.partition}/{record.offset}/{content_hash(record.value)[:16]}"
    return name, {"schema_version": SCHEMA_VERSION, **fields}


def of_feedback(feedback: Feedback) -> Fields:
    return {
        "_id": feedback.feedback_id,
        **_common(feedback.tenant, feedback.document_id),
        "summary_id": feedback.summary_id,
        "recorded_at": feedback.recorded_at,
        "stored_at": feedback.recorded_at,
        "edited": feedback.edited_summary is not None,
        "state": feedback.rating or ("edited" if feedback.edited_summary is not None else "compared"),
        "feedback": feedback.model_dump_json(exclude_none=True),
    }


def summary_from(record: Fields) -> StoredSummary:
    return StoredSummary(
        event=SummaryCompleted.model_validate_json(record["event"]),
        tally=Tally.model_validate(record["tally"]),
        stored_at=record["stored_at"],
    )


def document_from(record: Fields) -> StoredDocument:
    return StoredDocument(
        event=DocumentAccepted.model_validate_json(record["event"]), stored_at=record["stored_at"]
    )


def outcome_from(record: Fields) -> StoredOutcome:
    model = DocumentRejected if record["topic"] == DocumentRejected.topic else SummaryFailed
    return StoredOutcome(
        topic=record["topic"],
        event=model.model_validate_json(record["event"]),
        stored_at=record["stored_at"],
    )


def heard(record: Fields) -> list[Heard]:
    """What a document, summary or outcome says of how its document stands: once for each submission."""
    problem = outcome_from(record).event if "topic" in record else None
    event = problem or _event_of(record)
    name = record.get("summary_id") or record.get("content_hash") or record["_id"]
    kept = [Version(**one) for one in record.get("versions", ())]
    # A record of an earlier release has its event alone.
    versions = kept or [version_of(event, record["stored_at"])]
    return [Heard(state=state_of(event), id=name, version=one, problem=problem) for one in versions]


def _event_of(record: Fields) -> PipelineEvent:
    model = SummaryCompleted if "summary_id" in record else DocumentAccepted
    return model.model_validate_json(record["event"])


def feedback_from(record: Fields) -> Feedback:
    return Feedback.model_validate_json(record["feedback"])


def _word_for_word(event: Event) -> str:
    """Raises Rejected `store_refused` for what no store of ours takes; a server may break the connection instead."""
    raw = event.to_json()
    if len(raw) > _LARGEST_EVENT_BYTES:
        raise Rejected(f"the store refuses this value: {len(raw):,} bytes", code="store_refused")
    return raw.decode()


def _common(tenant: str | None, document_id: str | None) -> Fields:
    return {"schema_version": SCHEMA_VERSION, "tenant": tenant, "document_id": document_id}
