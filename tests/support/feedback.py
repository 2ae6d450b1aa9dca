"""Events and feedback to fill the feedback store with, each a function of the few things a test cares about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from brevity.common.events import (
    Coverage,
    DocumentAccepted,
    DocumentRejected,
    ObjectRef,
    Origin,
    Span,
    SummaryCompleted,
    SummaryFailed,
    SummaryRequest,
    SummaryWarning,
    SupportedSentence,
    Usage,
)
from brevity.common.ids import content_hash, deterministic_id
from brevity.feedback.model import Feedback

TEXT = "The harbour was closed on Friday. A storm had broken the pier. It opens again in May."
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORIGIN = Origin(topic="documents.submitted", partition=0, offset=1)


def minutes(count: float) -> datetime:
    """`count` minutes after `START`."""
    return START + timedelta(minutes=count)


def accepted(
    document_id: str, *, text: str = TEXT, uri: str | None = None, **fields: Any
) -> DocumentAccepted:
    """An accepted document; with `uri` its text lies there instead of inline."""
    reference = ObjectRef(uri=uri, sha256=content_hash(text.encode())) if uri else None
    return DocumentAccepted(
        **{
            "document_id": document_id,
            "tenant": "first",
            "content_hash": content_hash(text.encode()),
            "language": "en",
            "language_confidence": 1.0,
            "word_count": len(text.split()),
            "char_count": len(text),
            "text": None if reference else text,
            "text_ref": reference,
            "submitted_at": START,
            "origin": ORIGIN,
            **fields,
        }
    )


def completed(
    document_id: str, *, text: str = TEXT, warnings: int = 0, words: int = 10, **fields: Any
) -> SummaryCompleted:
    """The summary of `text` that is its first sentence, by `extractive-1` unless `fields` say otherwise."""
    first = text.split(". ")[0].rstrip(".") + "."
    tenant, model = fields.get("tenant", "first"), fields.get("model_version", "extractive-1")
    digest = content_hash(text.encode())
    name = deterministic_id("sum", tenant, digest, str(words), model, document_id)
    return SummaryCompleted(
        **{
            "summary_id": name,
            "document_id": document_id,
            "tenant": tenant,
            "content_hash": digest,
            "language": "en",
            "summary": first,
            "sentences": [
                SupportedSentence(
                    text=first, start=0, end=len(first), spans=[Span(start=0, end=len(first))], support=1
                )
            ],
            "coverage": Coverage(percent=100, spans=[Span(start=0, end=len(text))]),
            "warnings": [SummaryWarning(code="number_not_in_source", message="7")] * warnings,
            "engine": "extractive",
            "model_version": model,
            "decoding": {"beams": 1},
            "request": SummaryRequest(words=words),
            "usage": Usage(source_words=len(text.split()), summary_words=len(first.split())),
            "submitted_at": START,
            "origin": ORIGIN,
            **fields,
        }
    )


def rejected(document_id: str | None, *, uri: str | None = None, **fields: Any) -> DocumentRejected:
    return DocumentRejected(
        **{
            "document_id": document_id,
            "tenant": "first",
            "code": "no_text",
            "message": "the document holds no text",
            "remedy": "Send text.",
            "original": ObjectRef(uri=uri) if uri else None,
            "submitted_at": START,
            "origin": ORIGIN,
            **fields,
        }
    )


def failed(document_id: str, **fields: Any) -> SummaryFailed:
    return SummaryFailed(
        **{
            "document_id": document_id,
            "tenant": "first",
            "code": "engine_died",
            "message": "the engine died",
            "remedy": "Replay it.",
            "attempts": 5,
            "submitted_at": START,
            "origin": ORIGIN,
            **fields,
        }
    )


def feedback(summary: SummaryCompleted, name: str, *, after: float = 0, **fields: Any) -> Feedback:
    """What reviewer `anna` (unless `fields` say otherwise) said of `summary`, `after` minutes after `START`."""
    return Feedback(
        **{
            "feedback_id": name,
            "tenant": summary.tenant,
            "summary_id": summary.summary_id,
            "document_id": summary.document_id,
            "content_hash": summary.content_hash,
            "reviewer": "anna",
            "rating": "up",
            "engine": summary.engine,
            "model_version": summary.model_version,
            "request": summary.request,
            "decoding": summary.decoding,
            "language": summary.language,
            "recorded_at": minutes(after),
            **fields,
        }
    )
