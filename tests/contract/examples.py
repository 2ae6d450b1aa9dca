"""An event of every kind: with every field set, and with only those that must be."""

from __future__ import annotations

from typing import Any

from brevity.common.events import ALL_EVENTS, Event

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_TIME = "2026-05-03T10:15:00Z"
_ORIGIN = {"topic": "documents.submitted", "partition": 3, "offset": 1044}
_SPAN = {"start": 0, "end": 29}
_WINDOW = {"first_at": "2026-04-01T00:00:00Z", "last_at": "2026-04-30T23:59:59Z", "count": 512}
_OBJECT = {
    "uri": "s3://brevity/uploads/report.pdf",
    "sha256": _HASH,
    "size_bytes": 48_213,
    "media_type": "application/pdf",
}
_REQUEST = {"words": 60, "length": "short", "style": "bullets", "language": "en", "engine": "extractive"}
_REASON = {"code": "no_text", "message": "the document holds no text", "remedy": "Send a document with text."}
_DOCUMENT = {"document_id": "report-17", "tenant": "default"}

FULL: dict[str, dict[str, Any]] = {
    "documents.submitted": {
        **_DOCUMENT,
        "title": "Quarterly report",
        "language": "en",
        "object": _OBJECT,
        "media_type": "application/pdf",
        "summary": _REQUEST,
        "metadata": {"department": "harbour"},
    },
    "documents.accepted": {
        **_DOCUMENT,
        "content_hash": _HASH,
        "title": "Quarterly report",
        "language": "en",
        "language_confidence": 0.98,
        "word_count": 412,
        "char_count": 2_480,
        "text": "The harbour was closed today. It opens in May.",
        "text_ref": _OBJECT,
        "summary": _REQUEST,
        "metadata": {"department": "harbour"},
        "submitted_at": _TIME,
        "origin": _ORIGIN,
    },
    "documents.rejected": {
        **_DOCUMENT,
        **_REASON,
        "duplicate_of": "report-16",
        "attempts": 1,
        "original": _OBJECT,
        "submitted_at": _TIME,
        "origin": _ORIGIN,
    },
    "summaries.completed": {
        **_DOCUMENT,
        "summary_id": "sum_1",
        "content_hash": _HASH,
        "title": "Quarterly report",
        "language": "en",
        "summary": "The harbour was closed today.",
        "sentences": [{"text": "The harbour was closed today.", **_SPAN, "spans": [_SPAN], "support": 1.0}],
        "coverage": {"percent": 100.0, "spans": [{"start": 0, "end": 46}]},
        "warnings": [{"code": "low_support", "message": "Little of the source says so.", **_SPAN}],
        "passed_through": False,
        "engine": "extractive",
        "model_version": "extractive-1",
        "decoding": {"words": 60, "style": "bullets"},
        "request": _REQUEST,
        "usage": {
            "source_words": 412,
            "summary_words": 5,
            "source_tokens": 530,
            "summary_tokens": 7,
            "cost": 0.0002,
        },
        "metadata": {"department": "harbour"},
        "submitted_at": _TIME,
        "origin": _ORIGIN,
    },
    "summaries.failed": {
        **_DOCUMENT,
        **_REASON,
        "content_hash": _HASH,
        "attempts": 5,
        "engine": "extractive",
        "model_version": "extractive-1",
        "original": _OBJECT,
        "submitted_at": _TIME,
        "origin": _ORIGIN,
    },
    "feedback.recorded": {
        **_DOCUMENT,
        "feedback_id": "fb_1",
        "summary_id": "sum_1",
        "rating": "down",
        "edited_summary": "The harbour is closed until May.",
        "reasons": ["too short"],
        "reviewer": "anna",
        "engine": "extractive",
        "model_version": "extractive-1",
        "recorded_at": _TIME,
    },
    "drift.detected": {
        "drift_id": "drift_1",
        "monitor": "words",
        "tenant": "default",
        "language": "en",
        "model_version": "extractive-1",
        "statistic": 41.5,
        "threshold": 20.0,
        "effect": -0.4,
        "reference": _WINDOW,
        "current": _WINDOW,
        "sample_document_ids": ["report-17"],
        "detected_at": _TIME,
    },
    "training.requested": {
        "job_id": "job_1",
        "reason": "drift",
        "detail": "documents have become longer",
        "model": "brevity-extractive",
        "engine": "extractive",
        "dataset": {"since": "2026-01-01"},
        "parameters": {"rounds": 200},
        "requested_by": "anna",
        "requested_at": _TIME,
    },
    "training.status": {
        "job_id": "job_1",
        "model": "brevity-extractive",
        "state": "running",
        "progress": 0.4,
        "step": "evaluate",
        "message": "on the frozen set",
        "metrics": {"rouge_2": 0.142},
        "mlflow_run_id": "8f3a",
        "updated_at": _TIME,
    },
    "models.promoted": {
        "engine": "extractive",
        "model": "brevity-extractive",
        "version": "2",
        "uri": "models:/brevity-extractive/2",
        "alias": "champion",
        "previous_version": "1",
        "reason": "better on the frozen set",
        "metrics": {"rouge_2": 0.142},
        "promoted_at": _TIME,
    },
}
"""Every field that the topic's event has."""

_INLINE: dict[str, Any] = {"text": "The harbour was closed today. It opens in May."}


def full(event: type[Event]) -> dict[str, Any]:
    return FULL[event.topic]


def minimal(event: type[Event]) -> dict[str, Any]:
    """What must be there and nothing more."""
    if event.topic == "documents.submitted":
        return _INLINE
    needed = {name for name, field in event.model_fields.items() if field.is_required()}
    return {name: value for name, value in full(event).items() if name in needed}


ALL_EXAMPLES: list[tuple[type[Event], dict[str, Any]]] = [
    (event, example(event)) for event in ALL_EVENTS for example in (full, minimal)
]
