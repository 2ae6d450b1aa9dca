"""Erasing a document: a note that keeps it out comes first, then everything that came from it goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from brevity.common.ids import canonical_json, deterministic_id
from brevity.feedback.model import Erased
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.client import translated
from brevity.feedback.mongo.records import document_from, outcome_from, summary_from, within

INGEST_STATES = "documents"
INGEST_CLAIMS = "ingest_claims"
"""Collections of the same database in which ingest keeps a document's state, with its summary, and its claims."""


class Erasing:
    def __init__(self, database: names.Database) -> None:
        self._database = database

    async def erase(self, tenant: str, document_id: str) -> Erased:
        """See the port. Repeating it after a failure half-way goes on where it stopped."""
        now = datetime.now(UTC)
        query = {"tenant": tenant, "document_id": document_id}
        with translated():
            await self._database[names.ERASURES].update_one(
                {"_id": within(tenant, document_id)},
                {"$set": {**query, "schema_version": names.SCHEMA_VERSION}, "$max": {"erased_at": now}},
                upsert=True,
            )
            documents = await self._find(names.DOCUMENTS, query)
            summaries = [summary_from(record) for record in await self._find(names.SUMMARIES, query)]
            outcomes = [outcome_from(record) for record in await self._find(names.OUTCOMES, query)]
            accepted = [document_from(record).event for record in documents]
            texts = {event.text_ref.uri for event in accepted if event.text_ref}
            originals = {found.event.original.uri for found in outcomes if found.event.original}
            objects, shared = await self._parted(query, sorted(texts | originals))
            claims = {
                _claim(tenant, digest, request)
                for digest, request in [(event.content_hash, event.summary) for event in accepted]
                + [(found.event.content_hash, found.event.request) for found in summaries]
            }
            removed = {
                name: (await self._database[name].delete_many(query)).deleted_count
                for name in (names.DOCUMENTS, names.SUMMARIES, names.OUTCOMES, names.FEEDBACK)
            }
            for name, ids in (
                (INGEST_STATES, [within(tenant, document_id)]),
                (INGEST_CLAIMS, sorted(claims)),
            ):
                done = await self._database[name].delete_many({"_id": {"$in": ids}})
                removed[name] = done.deleted_count
        return Erased(
            tenant=tenant,
            document_id=document_id,
            erased_at=now,
            removed=removed,
            record_keys={
                topic: [document_id]
                for topic, any_there in (
                    ("documents.submitted", True),
                    ("documents.accepted", bool(accepted)),
                    ("documents.rejected", any(found.topic == "documents.rejected" for found in outcomes)),
                    ("summaries.completed", bool(summaries)),
                    ("summaries.failed", any(found.topic == "summaries.failed" for found in outcomes)),
                    ("feedback.recorded", removed[names.FEEDBACK] > 0),
                )
                if any_there
            },
            objects=objects,
            shared_objects=shared,
            model_versions=sorted(
                {f"{found.event.engine} {found.event.model_version}" for found in summaries}
            ),
        )

    async def _find(self, collection: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        return await self._database[collection].find(query, {"words": 0}).to_list()

    async def _parted(self, query: dict[str, Any], uris: list[str]) -> tuple[list[str], list[str]]:
        """Addresses that nothing but this document refers to, and the others. Of every tenant: the same text lies
        in the same place whoever sent it."""
        others = self._database[names.DOCUMENTS].find({"text_uri": {"$in": uris}})
        shared = {
            record["text_uri"]
            async for record in others
            if (record["tenant"], record["document_id"]) != (query["tenant"], query["document_id"])
        }
        return [uri for uri in uris if uri not in shared], sorted(shared)


def _claim(tenant: str, digest: str, request: Any) -> str:
    """The id under which ingest claims a text (its `Prepared.claim_id`)."""
    wish = canonical_json(request.model_dump(mode="json", exclude_none=True)).decode()
    return deterministic_id("claim", tenant, digest, wish)
