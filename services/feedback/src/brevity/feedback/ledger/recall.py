"""Re-summarizing exactly the documents that a model version touched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, ObjectRef, SummaryCompleted, encode
from brevity.common.ids import deterministic_id
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.storage.mongo import translated
from brevity.feedback.ledger.entries import Entry, in_production
from brevity.feedback.model import StoredSummary, SummaryFilter
from brevity.feedback.mongo import collections as names
from brevity.feedback.repository import Repository

_PAGE = 200

Fate = Literal["sent", "redone", "gone"]
"""`sent`: submitted again; `redone`: another version has summarized it since; `gone`: its text is kept no more."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """The version named, as summaries name it, and the name of this recall: the same while the same version serves."""

    model_version: str
    name: str


def recalled(version: str, engine: str, entries: Sequence[Entry]) -> Recalled:
    """Which summaries are meant by `version`: a registry's number, or a name as summaries have it.

    Raises:
        Rejected: `not_found` when the ledger knows no such version, `in_service` while it writes summaries.
    """
    mine = [entry for entry in entries if entry.engine == engine]
    named = next(
        (entry.model_version for entry in reversed(mine) if entry.version == version and entry.model_version),
        None,
    )
    known = {name for entry in mine for name in (entry.model_version, entry.previous_model_version) if name}
    model_version = named or (version if version in known else None)
    if model_version is None:
        raise Rejected(
            f"the ledger knows no version {version} of {engine}",
            code="not_found",
            remedy="See `brevity models ledger` for those there were.",
        )
    now = in_production(mine, engine, datetime.now(UTC))
    writing = {now.model_version} if now else set()
    if now is not None and now.rollout.mode != "full":
        writing.add(now.previous_model_version)
    if model_version in writing:
        raise Rejected(
            f"{model_version} is in service: it would write the same summaries again",
            code="in_service",
            remedy="Bring another version into service first: `brevity models rollback` or `promote`.",
        )
    return Recalled(model_version, deterministic_id("rcl", model_version, now.promotion_id if now else "own"))


class Recall:
    """Finds the documents in the store and submits them again; running it twice sends nothing twice."""

    def __init__(
        self, database: names.Database, repository: Repository, producer: AcknowledgedProducer
    ) -> None:
        self._summaries = database[names.SUMMARIES]
        self._kinds = database[names.KINDS]
        self._repository = repository
        self._producer = producer

    async def count(self, model_version: str) -> int:
        """Summaries in the store that the version wrote."""
        with translated():
            return sum(
                [
                    await self._summaries.count_documents({"tenant": tenant, "model_version": model_version})
                    for tenant in await self._tenants(model_version)
                ]
            )

    async def _tenants(self, model_version: str) -> list[str]:
        return await self._kinds.distinct("tenant", {"model_version": model_version})

    async def run(self, recall: Recalled, *, dry: bool) -> AsyncGenerator[Fate]:
        """The fate of each summary of the version; with `dry` nothing is sent. Raises Unavailable."""
        with translated():
            tenants = await self._tenants(recall.model_version)
        wanted = SummaryFilter(model_version=recall.model_version)
        for tenant in sorted(tenants):
            cursor: str | None = None
            while True:
                page = await self._repository.summaries(tenant, wanted, limit=_PAGE, cursor=cursor)
                for item in page.items:
                    yield await self._one(item, recall, dry=dry)
                cursor = page.next_cursor
                if cursor is None:
                    break

    async def _one(self, item: StoredSummary, recall: Recalled, *, dry: bool) -> Fate:
        summary = item.event
        if await self._redone(item, recall):
            return "redone"
        document = await self._repository.document(summary.tenant, summary.document_id, summary.content_hash)
        if document is None:
            return "gone"
        if dry:
            return "sent"
        event = DocumentSubmitted(
            document_id=summary.document_id,
            tenant=summary.tenant,
            title=document.event.title,
            language=document.event.language if document.event.language_confidence == 1 else None,
            text=document.event.text,
            object=_plain(document.event.text_ref) if document.event.text is None else None,
            summary=summary.request,
            metadata=document.event.metadata,
            again=recall.name,
        )
        record = encode(event, source="feedback", time=datetime.now(UTC))
        await asyncio.to_thread(self._producer.send, [record])
        return "sent"

    async def _redone(self, item: StoredSummary, recall: Recalled) -> bool:
        """Whether another version has summarized the same text for the same wishes since."""
        of_document = SummaryFilter(document_id=item.event.document_id, content_hash=item.event.content_hash)
        others = await self._repository.summaries(item.event.tenant, of_document, limit=_PAGE)
        return any(
            other.event.model_version != recall.model_version
            and other.stored_at > item.stored_at
            and _same_wish(other.event, item.event)
            for other in others.items
        )


def _same_wish(one: SummaryCompleted, other: SummaryCompleted) -> bool:
    return one.request == other.request


def _plain(reference: ObjectRef | None) -> ObjectRef | None:
    return reference.model_copy(update={"media_type": "text/plain"}) if reference else None
