"""Events and observations for the drift tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from brevity.common.events import (
    Coverage,
    DocumentAccepted,
    FeedbackRecorded,
    Origin,
    SummaryCompleted,
    SummaryRequest,
    SummaryWarning,
    SupportedSentence,
    Usage,
)
from brevity.common.ids import content_hash
from brevity.feedback.drift.measures import Family
from brevity.feedback.drift.scope import Finding, Observation, Scope

START = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = Origin(topic="documents.submitted", partition=0, offset=0)


def at(number: int) -> datetime:
    return START + timedelta(minutes=number)


def scope(family: Family, threshold: float, *, baseline: int = 100, quiet: int = 50) -> Scope:
    return Scope(family, threshold, baseline, quiet, "test")


def feed(watched: Scope, values: Iterable[Any], first: int = 0) -> list[tuple[int, Finding]]:
    """Observe `values` in order; the findings with their places."""
    found: list[tuple[int, Finding]] = []
    for number, value in enumerate(values, first):
        seen = Observation(
            f"o-{number}", f"d-{number}", at(number), np.atleast_1d(np.asarray(value, dtype=float))
        )
        finding = watched.observe(seen)
        if finding is not None:
            found.append((number, finding))
    return found


def rating(number: int, up: bool, **changes: Any) -> FeedbackRecorded:
    fields: dict[str, Any] = {
        "feedback_id": f"f-{number}",
        "summary_id": f"s-{number}",
        "document_id": f"d-{number}",
        "tenant": "first",
        "rating": "up" if up else "down",
        "reviewer": "r",
        "engine": "extractive",
        "model_version": "m-1",
        "language": "en",
        "recorded_at": at(number),
    }
    return FeedbackRecorded(**{**fields, **changes})


def document(number: int, text: str, **changes: Any) -> DocumentAccepted:
    fields: dict[str, Any] = {
        "document_id": f"d-{number}",
        "tenant": "first",
        "content_hash": content_hash(text.encode()),
        "language": "en",
        "language_confidence": 1.0,
        "word_count": max(1, len(text.split())),
        "char_count": max(1, len(text)),
        "text": text,
        "submitted_at": at(number),
        "origin": ORIGIN,
    }
    return DocumentAccepted(**{**fields, **changes})


def summary(number: int, *, warnings: int = 0, words: int = 50, **changes: Any) -> SummaryCompleted:
    fields: dict[str, Any] = {
        "summary_id": f"s-{number}",
        "document_id": f"d-{number}",
        "tenant": "first",
        "content_hash": "0" * 64,
        "language": "en",
        "summary": "A summary.",
        "sentences": [SupportedSentence(text="A summary.", start=0, end=10, spans=[], support=1)],
        "coverage": Coverage(percent=100, spans=[]),
        "warnings": [SummaryWarning(code="number_not_in_source", message=str(n)) for n in range(warnings)],
        "engine": "extractive",
        "model_version": "m-1",
        "request": SummaryRequest(words=50),
        "usage": Usage(source_words=500, summary_words=words),
        "submitted_at": at(number),
        "origin": ORIGIN,
    }
    return SummaryCompleted(**{**fields, **changes})
