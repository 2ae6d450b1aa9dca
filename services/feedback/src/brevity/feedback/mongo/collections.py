"""Collections and their indexes: declared here, applied at start, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.asynchronous.database import AsyncDatabase

from brevity.common.storage.mongo import translated
from brevity.feedback.settings import FeedbackBlock

SCHEMA_VERSION = 1
"""Written on every record; a reader of a later version knows by it what it has before it."""

DOCUMENTS = "feedback_documents"
SUMMARIES = "feedback_summaries"
KINDS = "feedback_summary_kinds"
DAYS = "feedback_summary_days"
OUTCOMES = "feedback_outcomes"
FEEDBACK = "feedback_entries"
UNREADABLE = "feedback_unreadable"
ERASURES = "feedback_erasures"
AUDIT = "feedback_audit"
DRIFT = "feedback_drift"
DRIFT_ALARMS = "feedback_drift_alarms"
DRIFT_SERIES = "feedback_drift_series"
"""Ingest's own, in the same database: a document's state, with its summary, and its claims. Only erasure touches them."""

_DAY_SECONDS = 86_400
_TTL_NAME, _ID_NAME = "retention", "_id_"
Keys = Sequence[tuple[str, int]]
Database = AsyncDatabase[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Declared:
    """Indexes of one collection, and the time field from which its retention counts."""

    indexes: Mapping[str, Keys]
    expires_by: str | None = None
    days: int = 0


def declared(settings: FeedbackBlock) -> dict[str, Declared]:
    """Every listing is by tenant first, and newest first.

    Each query of the services is served by one of these (`tests/support/indexes.py` sees to it): its equal fields first,
    then its order or its range. An index that changes gets another name.
    """
    newest: Keys = (("submitted_at", DESCENDING), ("_id", DESCENDING))

    def by(*fields: str) -> Keys:
        return (("tenant", ASCENDING), *((field, ASCENDING) for field in fields))

    fresh = by("stored_at")
    return {
        DOCUMENTS: Declared(
            {
                "versions": by("document_id"),
                "fresh": fresh,
                "text": (("text_uri", ASCENDING),),
            },
            "last_submitted_at",
            settings.retention_days,
        ),
        SUMMARIES: Declared(
            {
                "newest": (*by(), *newest),
                "language": (*by("language"), *newest),
                "engine": (*by("engine"), *newest),
                "model": (*by("model_version"), *newest),
                "judged": (*by("tally.standing"), *newest),
                "warned": (*by("with_warnings"), *newest),
                "versions": (*by("document_id"), *newest),
                "same_text": (*by("content_hash"), *newest),
                "searched": (*by("words"), *newest),
                "fresh": fresh,
            },
            "submitted_at",
            settings.retention_days,
        ),
        KINDS: Declared({"tenant": by()}, "last_submitted_at", settings.retention_days),
        DAYS: Declared({"day": by("day")}, "last_submitted_at", settings.retention_days),
        OUTCOMES: Declared(
            {
                "document": by("document_id"),
                "fresh": fresh,
                "original": (("original_uri", ASCENDING),),
            },
            "submitted_at",
            settings.retention_days,
        ),
        FEEDBACK: Declared(
            {
                "summary": by("summary_id", "recorded_at"),
                "document": by("document_id"),
                "fresh": fresh,
                "said": by("recorded_at", "_id"),
                "outbox": (("pending.since", ASCENDING),),
            },
            "recorded_at",
            settings.feedback_retention_days,
        ),
        UNREADABLE: Declared({}, "stored_at", settings.retention_days),
        ERASURES: Declared({}),
        DRIFT: Declared({}),
        DRIFT_ALARMS: Declared(
            {"latest": (*by(), ("detected_at", DESCENDING), ("_id", DESCENDING))},
            "detected_at",
            settings.feedback_retention_days,
        ),
        DRIFT_SERIES: Declared({"time": by("language", "hour")}, "hour", settings.feedback_retention_days),
        AUDIT: Declared({"newest": (*by(), ("at", DESCENDING))}, "at", settings.audit_retention_days),
    }


async def apply_indexes(database: Database, settings: FeedbackBlock) -> None:
    """Create what is missing and replace a retention that has changed. Raises Unavailable."""
    with translated():
        for name, wanted in declared(settings).items():
            collection = database[name]
            for index, keys in wanted.indexes.items():
                await collection.create_index(list(keys), name=index)
            known = await collection.index_information()
            for index in known.keys() - wanted.indexes.keys() - {_ID_NAME, _TTL_NAME}:
                await collection.drop_index(index)  # of an earlier release
            there = known.get(_TTL_NAME)
            seconds = wanted.days * _DAY_SECONDS
            if there is not None and there.get("expireAfterSeconds") != (seconds or None):
                await collection.drop_index(_TTL_NAME)
                there = None
            if there is None and wanted.expires_by and seconds:
                await collection.create_index(
                    [(wanted.expires_by, ASCENDING)], name=_TTL_NAME, expireAfterSeconds=seconds
                )
