"""Asking for another summary of a text that is here already: its document is submitted again with other settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, ObjectRef, SummaryCompleted, SummaryRequest, encode
from brevity.common.observability import tracing
from brevity.feedback.model import StoredSummary, SummaryFilter
from brevity.feedback.producer import EventProducer
from brevity.feedback.repository import Repository

_MOST_SUMMARIES = 200


class Resummarizer:
    def __init__(self, repository: Repository, producer: EventProducer) -> None:
        self._repository = repository
        self._producer = producer

    async def submit(self, summary: SummaryCompleted, wanted: SummaryRequest) -> StoredSummary | None:
        """Submit the text of `summary` with `wanted`; the summary itself when it is there already, else None.

        Raises:
            Rejected: `not_found` when the text is gone.
            Unavailable: The store is away, or the broker did not take the submission; asking again is harmless.
        """
        there = await self._repository.summaries(
            summary.tenant,
            SummaryFilter(document_id=summary.document_id, content_hash=summary.content_hash),
            limit=_MOST_SUMMARIES,
        )
        for item in there.items:
            if item.event.request == wanted:
                return item
        document = await self._repository.document(summary.tenant, summary.document_id, summary.content_hash)
        if document is None:
            raise Rejected(
                "the source text of this summary is no longer kept",
                code="not_found",
                remedy="Submit the document anew.",
            )
        event = DocumentSubmitted(
            document_id=summary.document_id,
            tenant=summary.tenant,
            title=document.event.title,
            language=document.event.language if document.event.language_confidence == 1 else None,
            text=document.event.text,
            object=_plain(document.event.text_ref) if document.event.text is None else None,
            summary=wanted,
            metadata=document.event.metadata,
        )
        record = encode(event, source="feedback", time=datetime.now(UTC), extra=tracing.inject())
        await asyncio.to_thread(self._producer.send, [record])
        return None


def _plain(reference: ObjectRef | None) -> ObjectRef | None:
    return reference.model_copy(update={"media_type": "text/plain"}) if reference else None
