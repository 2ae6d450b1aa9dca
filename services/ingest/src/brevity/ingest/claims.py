"""Claims: which submission has the right to be accepted for one tenant, text and request.

A claim is taken before the transaction that publishes the outcome, and names the submission by its coordinates. Redone
work finds its own claim and goes on; any other submission of the same text finds that it came later. See ADR 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pymongo import MongoClient, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from brevity.common.errors import Unavailable
from brevity.common.settings import MongoSettings

COLLECTION = "ingest_claims"
_DUPLICATE_KEY = 11_000


@dataclass(frozen=True, slots=True)
class Claim:
    """`id` is what is claimed; the rest says by whom: the document and its original submission's coordinates.

    `tenant` is there to find a document's claims by, when it is erased.
    """

    id: str
    document_id: str
    topic: str
    partition: int
    offset: int
    tenant: str = field(default="default", compare=False)


def mongo_client(settings: MongoSettings) -> MongoClient[dict[str, Any]]:
    """A client that acknowledges writes by the majority and gives up after the set time."""
    wait = int(settings.timeout_seconds * 1000)
    return MongoClient(
        settings.url.get_secret_value(),
        serverSelectionTimeoutMS=wait,
        connectTimeoutMS=wait,
        timeoutMS=wait,
        w="majority",
        appname="brevity-ingest",
    )


class Claims:
    """Claims in MongoDB; safe to share between threads."""

    def __init__(self, client: MongoClient[dict[str, Any]], database: str) -> None:
        self._client = client
        self._collection = client[database][COLLECTION]

    def ping(self) -> None:
        """Raises Unavailable when MongoDB does not answer."""
        try:
            self._client.admin.command("ping")
        except PyMongoError as error:
            raise _away(error) from error

    def take(self, wanted: Sequence[Claim]) -> list[Claim]:
        """The claim that holds for each of `wanted`, in order: its own, or the one that came first.

        Two round trips for a whole batch. Raises Unavailable.
        """
        first: dict[str, Claim] = {}
        for claim in wanted:
            first.setdefault(claim.id, claim)
        if not first:
            return []
        writes = [
            UpdateOne({"_id": name}, {"$setOnInsert": _fields(claim)}, upsert=True)
            for name, claim in first.items()
        ]
        try:
            try:
                self._collection.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # Two upserts of one id at once: one of them wins, which is all that is wanted.
                if any(item.get("code") != _DUPLICATE_KEY for item in error.details.get("writeErrors", ())):
                    raise
            held = {
                found["_id"]: Claim(
                    found["_id"], found["document_id"], found["topic"], found["partition"], found["offset"]
                )
                for found in self._collection.find({"_id": {"$in": list(first)}})
            }
            return [held[claim.id] for claim in wanted]
        except PyMongoError as error:
            raise _away(error) from error
        except KeyError as error:
            raise Unavailable("a claim just written cannot be read back", code="mongo") from error


def _fields(claim: Claim) -> dict[str, Any]:
    return {name: value for name, value in asdict(claim).items() if name != "id"}


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo")
