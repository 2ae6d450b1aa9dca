"""Where each document stands, for `GET /v1/documents/{id}`: one record a document in collection `documents`.

Outcomes of one document may be seen in any order and more than once, and by several readers at the same moment. A record
holds the newest outcome of each log that the document was submitted through (`brevity.common.events.versions`), first of
all the one that counts, and a revision that every change raises: whoever read an older one looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, MongoClient, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from brevity.common.errors import Unavailable
from brevity.common.events import DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed
from brevity.common.events.versions import DocumentOutcome, Version, newest, state_of, version_of
from brevity.common.storage.mongo import away, only_duplicates, translated
from brevity.common.storage.retention import keep_for
from brevity.ingest.notes import Note

COLLECTION = "documents"
Outcome = DocumentOutcome
Fields = dict[str, Any]

_MOST_LOGS = 8


_EXPIRED = {
    "code": "expired",
    "message": "the submission was deleted from its topic before it was read",
    "remedy": "Send the document again; have the topic keep records for longer than the service may be behind.",
}


def log_of(topic: str, partition: int) -> str:
    """The name by which a note finds its log."""
    return f"{topic}/{partition}"


def state_id(tenant: str, document_id: str) -> str:
    """A tenant's name holds no slash, so no two documents share an id."""
    return f"{tenant}/{document_id}"


def name_of(outcome: Outcome) -> str | None:
    """The id of the record that `outcome` belongs to; None when it names no document or tenant to show it to."""
    if outcome.document_id is None or outcome.tenant is None:
        return None
    return state_id(outcome.tenant, outcome.document_id)


def changed(record: Fields | None, seen: Iterable[tuple[Outcome, datetime]]) -> Fields | None:
    """What a document's record becomes by outcomes, each with the time at which it was written; None for no change.

    Args:
        record: As it is in the store; None when there is none.
        seen: Outcomes of this document alone.
    """
    before = [] if record is None else [*_versions(record)]
    added = [_fields(outcome, at) for outcome, at in seen]
    versions = newest([*before, *added], _version)[:_MOST_LOGS]
    versions = versions[:1] + [version for version in versions[1:] if version["state"] != "submitted"]
    if versions == before:
        return None
    first, others = versions[0], versions[1:]
    revision = 0 if record is None else record.get("revision", 0)
    return {**first, "others": others, "revision": revision + 1}


def _fields(outcome: Outcome, at: datetime) -> Fields:
    return {
        "tenant": outcome.tenant,
        "document_id": outcome.document_id,
        "state": state_of(outcome),
        "submitted_at": outcome.submitted_at.isoformat(),
        "details": _details(outcome),
        "version": list(version_of(outcome, at)),
    }


def _versions(record: Fields) -> Iterable[Fields]:
    kept = ("tenant", "document_id", "state", "submitted_at", "details")
    yield {name: record.get(name) for name in kept} | {"version": list(_version(record))}
    yield from record.get("others", ())


def _version(version: Fields) -> Version:
    if "version" in version:
        return Version(*version["version"])
    # Of an earlier release: the time and how far it got in one number, by a clock that may have been fast.
    at, rank = divmod(version["order"], 10)
    now = int(datetime.now(UTC).timestamp() * 1000)
    return Version("", -1, -1, at if at <= now else 0, rank)


def _details(event: Outcome) -> Fields:
    match event:
        case DocumentAccepted():
            return {"title": event.title, "language": event.language, "word_count": event.word_count}
        case SummaryCompleted():
            kept = {"summary_id", "title", "language", "summary", "sentences", "warnings", "model_version"}
            return event.model_dump(mode="json", include=kept, exclude_none=True)
        case DocumentRejected():
            return {**_reason(event), "duplicate_of": event.duplicate_of}
        case SummaryFailed():
            return _reason(event)


def _reason(event: DocumentRejected | SummaryFailed) -> Fields:
    return {"code": event.code, "message": event.message, "remedy": event.remedy}


class States:
    """Reads states, and notes submissions; safe to share between threads."""

    def __init__(self, client: MongoClient[dict[str, Any]], database: str) -> None:
        self._collection = client[database][COLLECTION]

    def prepare(self, *, days: int) -> None:
        """Make the index, and have states expire `days` after their last change (0: never); safe to repeat.
        Raises Unavailable."""
        try:
            self._collection.create_index([("log", ASCENDING), ("offset", ASCENDING)], name="submission")
            keep_for(self._collection, "changed_at", days=days)
        except PyMongoError as error:
            raise away(error) from error

    def expired(self, topic: str, partition: int, first: int, last: int) -> int:
        """Note that records `first` to `last` of the submissions' log were gone before they were read: documents that
        were submitted by them and of which nothing else is known are rejected. Returns how many. Raises Unavailable."""
        lost = {
            "log": log_of(topic, partition),
            "offset": {"$gte": first, "$lte": last},
            "state": "submitted",
        }
        change = {"state": "rejected", "details": _EXPIRED, "changed_at": datetime.now(UTC)}
        try:
            return self._collection.update_many(lost, {"$set": change}).modified_count
        except PyMongoError as error:
            raise away(error) from error

    def submitted(self, documents: Sequence[Note]) -> None:
        """Note that documents are on their way, unless more is known of them. Raises Unavailable."""
        now = datetime.now(UTC)
        writes = [
            UpdateOne(
                {"_id": state_id(tenant, document_id)},
                {
                    "$setOnInsert": {
                        "tenant": tenant,
                        "document_id": document_id,
                        "state": "submitted",
                        "order": 0,
                        "details": {},
                        "log": log_of(sent.topic, sent.partition),
                        "offset": sent.offset,
                        "changed_at": now,
                    }
                },
                upsert=True,
            )
            for (tenant, document_id), sent in documents
        ]
        try:
            with translated(passing=(BulkWriteError,)):
                self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # A duplicate key: another event was first, and knows more.
            if not only_duplicates(error):
                raise Unavailable("MongoDB refuses a write", code="mongo") from error

    def find(self, tenant: str, document_id: str) -> dict[str, Any] | None:
        """The tenant's document as it stands, or None. Raises Unavailable, or Rejected for an id that no store holds."""
        with translated():
            found = self._collection.find_one({"_id": state_id(tenant, document_id)})
        if found is None:
            return None
        details = {name: value for name, value in found["details"].items() if value is not None}
        return {"document_id": document_id, "state": found["state"], **details}
