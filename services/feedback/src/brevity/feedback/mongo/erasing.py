"""Erasing a document: a note that keeps it out comes first, then everything that came from it goes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument

from brevity.common.events import ErasedText, SummaryRequest
from brevity.common.storage.mongo import millisecond, translated
from brevity.feedback.model import Erased
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.bulk import bulk
from brevity.feedback.mongo.days import touches
from brevity.feedback.mongo.records import document_from, outcome_from, summary_from, within

_LEFT = ("objects", "feedback_ids", "model_versions", "texts")
"""What a note keeps until the rest of the erasure is done; the records it was read from are gone by then."""


class Erasing:
    def __init__(self, database: names.Database) -> None:
        self._database = database

    async def erase(self, tenant: str, document_id: str) -> Erased:
        """See the port. Repeating it after a failure half-way goes on where it stopped."""
        now = millisecond(datetime.now(UTC))
        query = {"tenant": tenant, "document_id": document_id}
        with translated():
            await self._note(query, {"$max": {"erased_at": now}})
            documents = [document_from(found).event for found in await self._find(names.DOCUMENTS, query)]
            summaries = [summary_from(found).event for found in await self._find(names.SUMMARIES, query)]
            outcomes = [outcome_from(found).event for found in await self._find(names.OUTCOMES, query)]
            entries = await self._find(names.FEEDBACK, query)
            references = [ref for event in documents for ref in (event.text_ref, event.blocks_ref) if ref]
            texts = {reference.uri for reference in references}
            found = {
                "objects": sorted(texts | {event.original.uri for event in outcomes if event.original}),
                "feedback_ids": [str(entry["_id"]) for entry in entries],
                "model_versions": sorted({f"{event.engine} {event.model_version}" for event in summaries}),
                "texts": sorted(
                    {_text(event.content_hash, event.summary) for event in documents}
                    | {_text(event.content_hash, event.request) for event in summaries}
                ),
            }
            note = await self._note(
                query, {"$addToSet": {name: {"$each": values} for name, values in found.items()}}
            )
            days = touches((event.tenant, event.submitted_at) for event in summaries)
            await bulk(self._database, names.DAYS, days)  # before, too: asked again, nothing would be found
            removed = {
                name: (await self._database[name].delete_many(query)).deleted_count
                for name in (names.DOCUMENTS, names.SUMMARIES, names.OUTCOMES, names.FEEDBACK)
            }
            await bulk(self._database, names.DAYS, days)
            left = {name: sorted(note[name]) for name in _LEFT}
        return Erased(
            tenant=tenant,
            document_id=document_id,
            erased_at=note["erased_at"],
            removed=removed,
            feedback_ids=left["feedback_ids"],
            objects=left["objects"],
            model_versions=left["model_versions"],
            texts=[ErasedText.model_validate_json(text) for text in left["texts"]],
        )

    async def erased(self, tenant: str, document_id: str) -> None:
        with translated():
            await self._database[names.ERASURES].update_one(
                {"_id": within(tenant, document_id)}, {"$unset": dict.fromkeys(_LEFT, "")}
            )

    async def referred_to(self, addresses: Iterable[str]) -> set[str]:
        wanted, found = sorted(addresses), set[str]()
        with translated():
            for name, field in ((names.DOCUMENTS, "text_uri"), (names.OUTCOMES, "original_uri")):
                found.update(await self._database[name].distinct(field, {field: {"$in": wanted}}))
        return found

    async def _note(self, query: dict[str, str], update: dict[str, Any]) -> dict[str, Any]:
        fields = {**query, "schema_version": names.SCHEMA_VERSION}
        note = await self._database[names.ERASURES].find_one_and_update(
            {"_id": within(query["tenant"], query["document_id"])},
            {"$set": fields, **update},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return dict(note or {})

    async def _find(self, collection: str, query: dict[str, str]) -> list[dict[str, Any]]:
        return await self._database[collection].find(query, {"words": 0}).to_list()


def _text(digest: str, request: SummaryRequest) -> str:
    return ErasedText(content_hash=digest, request=request).model_dump_json(exclude_none=True)
