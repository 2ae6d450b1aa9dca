"""Where each document stands, for `GET /v1/documents/{id}`: one record a document in collection `documents`.

Events of one document may be seen in any order and more than once. Each carries an order number, the time of its
submission first and then how far it got; a state is only ever replaced by one with a higher number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pymongo import MongoClient, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from brevity.common.errors import Unavailable
from brevity.common.events import DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed

COLLECTION = "documents"
State = Literal["submitted", "accepted", "rejected", "failed", "completed"]
Outcome = DocumentAccepted | DocumentRejected | SummaryCompleted | SummaryFailed

_RANK: dict[State, int] = {"rejected": 2, "accepted": 3, "failed": 4, "completed": 5}
"""A replay takes a document from rejected to accepted, and from failed to completed."""

_DUPLICATE_KEY = 11_000

Update = tuple[dict[str, Any], dict[str, Any]]


def state_id(tenant: str, document_id: str) -> str:
    """A tenant's name holds no slash, so no two documents share an id."""
    return f"{tenant}/{document_id}"


def update_of(event: Outcome) -> Update | None:
    """Filter and update that record `event`; None when it names no document or tenant to show it to."""
    if event.document_id is None or event.tenant is None:
        return None
    state, details = _details(event)
    order = int(event.submitted_at.timestamp() * 1000) * 10 + _RANK[state]
    name = state_id(event.tenant, event.document_id)
    fields = {
        "tenant": event.tenant,
        "document_id": event.document_id,
        "state": state,
        "order": order,
        "submitted_at": event.submitted_at.isoformat(),
        "details": details,
    }
    return {"_id": name, "order": {"$lt": order}}, {"$set": fields}


def _details(event: Outcome) -> tuple[State, dict[str, Any]]:
    match event:
        case DocumentAccepted():
            return "accepted", {
                "title": event.title,
                "language": event.language,
                "word_count": event.word_count,
            }
        case SummaryCompleted():
            kept = {"summary_id", "title", "language", "summary", "sentences", "warnings", "model_version"}
            return "completed", event.model_dump(mode="json", include=kept, exclude_none=True)
        case DocumentRejected():
            return "rejected", {**_reason(event), "duplicate_of": event.duplicate_of}
        case SummaryFailed():
            return "failed", _reason(event)


def _reason(event: DocumentRejected | SummaryFailed) -> dict[str, Any]:
    return {"code": event.code, "message": event.message, "remedy": event.remedy}


class States:
    """Reads states, and notes submissions; safe to share between threads."""

    def __init__(self, client: MongoClient[dict[str, Any]], database: str) -> None:
        self._collection = client[database][COLLECTION]

    def submitted(self, documents: Sequence[tuple[str, str]]) -> None:
        """Note that documents, given by tenant and id, are on their way, unless more is known of them. Raises Unavailable."""
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
                    }
                },
                upsert=True,
            )
            for tenant, document_id in documents
        ]
        try:
            self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            details: Any = error.details or {}
            # A duplicate key: another event was first, and knows more.
            if any(one.get("code") != _DUPLICATE_KEY for one in details.get("writeErrors", ())):
                raise Unavailable("MongoDB refuses a write", code="mongo") from error
        except PyMongoError as error:
            raise Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo") from error

    def find(self, tenant: str, document_id: str) -> dict[str, Any] | None:
        """The tenant's document as it stands, or None. Raises Unavailable."""
        try:
            found = self._collection.find_one({"_id": state_id(tenant, document_id)})
        except PyMongoError as error:
            raise Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo") from error
        if found is None:
            return None
        details = {name: value for name, value in found["details"].items() if value is not None}
        return {"document_id": document_id, "state": found["state"], **details}
