"""Claims: which submission has the right to be accepted for one tenant, text and request.

A claim is taken before the transaction that publishes the outcome, and names the submission by its coordinates. Redone
work finds its own claim and goes on; any other submission of the same text finds that it came later. See ADR 7.

A claim whose document failed is free again: the next submission takes a claim of its own after it (`ID#1`, `ID#2`, ...).
Freeing only ever marks a claim, so that redone work of its holder still finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, MongoClient, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from brevity.common.errors import Unavailable
from brevity.common.events import DocumentRejected, SummaryCompleted, SummaryFailed, SummaryRequest
from brevity.common.ids import canonical_json, deterministic_id
from brevity.common.storage.mongo import away, only_duplicates
from brevity.common.storage.retention import keep_for

COLLECTION = "ingest_claims"
PROBES = "ingest_probe"
_MOST_FAILURES = 1_000
"""Of one text with one request: more sendings of it than this are answered as if the last one held."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`id` is what is claimed; the rest says by whom: the document and its original submission's coordinates.

    Two claims are equal when they are by the same submission. `log` tells the log that the coordinates count in (see
    `Record.log`); a claim without one, as earlier versions left it, counts as of the asker's. `tenant` is there to find a document's claims by, when it
    is erased; `failed` says that the holder's document came to nothing.
    """

    id: str = field(compare=False)
    document_id: str
    topic: str
    partition: int
    offset: int
    log: str = ""
    tenant: str = field(default="default", compare=False)
    failed: bool = field(default=False, compare=False)


class Claims:
    """Claims in MongoDB; safe to share between threads.

    Args:
        now: The clock that retention counts by.
    """

    def __init__(
        self,
        client: MongoClient[dict[str, Any]],
        database: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._collection = client[database][COLLECTION]
        self._probes = client[database][PROBES]
        self._now = now

    def prepare(self, *, days: int) -> None:
        """Make the indexes, and have claims expire after `days` (0: never); safe to repeat. Raises Unavailable."""
        try:
            self._collection.create_index([("document_id", ASCENDING)], name="document")
            self._collection.create_index(
                [("topic", ASCENDING), ("partition", ASCENDING), ("offset", ASCENDING)], name="submission"
            )
            keep_for(self._collection, "taken_at", days=days)
        except PyMongoError as error:
            raise self._doubtful(error) from error

    def ping(self) -> None:
        """Raises Unavailable when MongoDB does not answer."""
        try:
            self._client.admin.command("ping")
        except PyMongoError as error:
            raise away(error) from error

    def _probe(self) -> None:
        """Raises Unavailable when MongoDB takes no writes: one that is full, or has lost its majority, still answers."""
        try:
            self._probes.update_one({"_id": "probe"}, {"$set": {"asked": datetime.now(UTC)}}, upsert=True)
        except PyMongoError as error:
            raise away(error) from error

    def _doubtful(self, error: PyMongoError) -> Unavailable:
        doubtful = away(error)
        doubtful.probe = self._probe
        return doubtful

    def take(self, wanted: Sequence[Claim]) -> list[Claim]:
        """The claim that holds for each of `wanted`, in order: its own, or the one that came first and has not failed.

        Two round trips for a whole batch, and two more for each time that one of its texts has failed. Raises Unavailable.
        """
        holders: dict[int, Claim] = {}
        asking = dict(enumerate(wanted))
        for failures in range(_MOST_FAILURES):
            for place, holder in self._held(asking, failures).items():
                holders[place] = holder
                if holder == asking[place] or not holder.failed:
                    del asking[place]
            if not asking:
                break
        return [holders[place] for place in range(len(wanted))]

    def by(self, topic: str, partition: int, offset: int, log: str = "") -> str | None:
        """The id of the claim that a submission holds, or None. Raises Unavailable."""
        where: dict[str, Any] = {"topic": topic, "partition": partition, "offset": offset}
        if log:
            where["log"] = {"$in": [log, "", None]}
        try:
            found = self._collection.find_one(where)
        except PyMongoError as error:
            raise self._doubtful(error) from error
        return found["_id"] if found else None

    def _held(self, asking: Mapping[int, Claim], failures: int) -> dict[int, Claim]:
        """Who holds what each of `asking` wants, after so many failures of it; it is theirs if nobody did."""
        if not asking:
            return {}
        names = {place: _name(claim.id, failures) for place, claim in asking.items()}
        first: dict[str, Claim] = {}
        for place, claim in asking.items():
            first.setdefault(names[place], claim)
        now = self._now()
        writes = [
            UpdateOne({"_id": name}, {"$setOnInsert": _fields(claim, now)}, upsert=True)
            for name, claim in first.items()
        ]
        try:
            try:
                self._collection.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # Two upserts of one id at once: one of them wins, which is all that is wanted.
                if not only_duplicates(error):
                    raise
            found = {
                item["_id"]: _claim(item) for item in self._collection.find({"_id": {"$in": list(first)}})
            }
            return {place: _as_asked(found[name], asking[place]) for place, name in names.items()}
        except PyMongoError as error:
            raise self._doubtful(error) from error
        except KeyError as error:
            raise Unavailable(
                "a claim just written cannot be read back", code="mongo", probe=self._probe
            ) from error


def claim_id(tenant: str, content_hash: str, request: SummaryRequest, again: str | None = None) -> str:
    """What is claimed: same tenant, text and request, same summary, unless it is wanted `again`."""
    asked = canonical_json(request.model_dump(mode="json", exclude_none=True)).decode()
    return deterministic_id("claim", tenant, content_hash, asked, *(() if again is None else (again,)))


def settled(event: object) -> UpdateOne | None:
    """What an outcome means for the claim of its document: free after a failure, taken after all once it is replayed."""
    match event:
        case DocumentRejected() | SummaryFailed() if event.claim_id is not None:
            return UpdateOne({"_id": event.claim_id}, {"$set": {"failed": True}})
        case SummaryCompleted() if event.claim_id is not None:
            return UpdateOne({"_id": event.claim_id}, {"$unset": {"failed": ""}})
        case _:
            return None


def _name(claim_id: str, failures: int) -> str:
    return f"{claim_id}#{failures}" if failures else claim_id


def _fields(claim: Claim, now: datetime) -> dict[str, Any]:
    return {
        "document_id": claim.document_id,
        "topic": claim.topic,
        "partition": claim.partition,
        "offset": claim.offset,
        "log": claim.log,
        "tenant": claim.tenant,
        "taken_at": now,
    }


def _claim(found: Mapping[str, Any]) -> Claim:
    return Claim(
        found["_id"],
        found["document_id"],
        found["topic"],
        found["partition"],
        found["offset"],
        found.get("log", ""),
        failed=bool(found.get("failed")),
    )


def _as_asked(holder: Claim, asking: Claim) -> Claim:
    log = holder.log if holder.log and asking.log else asking.log
    return replace(holder, tenant=asking.tenant, log=log)
