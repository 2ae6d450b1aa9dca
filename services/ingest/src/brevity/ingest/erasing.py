"""Erasing what ingest keeps of a document, when somebody has it forgotten: its state and its claims."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from brevity.common.events import DocumentErased, ErasureConfirmed, encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.storage.mongo import translated
from brevity.ingest.claims import COLLECTION as CLAIMS
from brevity.ingest.claims import claim_id
from brevity.ingest.states import COLLECTION, state_id

OWNER = "ingest"


class Erasing:
    """Obeys `documents.erased` and confirms on `erasures.confirmed`. What was submitted after the erasure stays."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], producer: AcknowledgedProducer) -> None:
        self._states = database[COLLECTION]
        self._claims = database[CLAIMS]
        self._producer = producer

    async def obey(self, event: DocumentErased) -> None:
        """Safe to repeat: what is gone already is confirmed with a count of 0. Raises Unavailable."""
        with translated():
            removed = {COLLECTION: await self._drop_state(event), CLAIMS: await self._drop_claims(event)}
        now = datetime.now(UTC)
        confirmed = ErasureConfirmed(
            erasure_id=event.erasure_id,
            tenant=event.tenant,
            document_id=event.document_id,
            owner=OWNER,
            removed=removed,
            confirmed_at=now,
        )
        await asyncio.to_thread(self._producer.send, [encode(confirmed, source=OWNER, time=now)])

    async def _drop_state(self, event: DocumentErased) -> int:
        state = {"_id": state_id(event.tenant, event.document_id), "changed_at": {"$lte": event.erased_at}}
        return (await self._states.delete_one(state)).deleted_count

    async def _drop_claims(self, event: DocumentErased) -> int:
        """Those that can be told from the document's texts and requests, and all that name it: a claim for summarizing
        once more has a name that the event does not tell."""
        ids = sorted({claim_id(event.tenant, text.content_hash, text.request) for text in event.texts})
        before = {"taken_at": {"$lte": event.erased_at}}
        told = await self._claims.delete_many({"_id": {"$in": ids}, **before})
        named = await self._claims.delete_many(
            {"tenant": event.tenant, "document_id": event.document_id, **before}
        )
        return told.deleted_count + named.deleted_count
