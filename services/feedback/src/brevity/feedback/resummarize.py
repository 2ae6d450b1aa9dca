"""Asking for another summary of a text that is here already: its document is submitted again.

With other settings, or with the same ones when a version serves that has not written that summary yet.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from brevity.common.errors import Rejected
from brevity.common.events import (
    DocumentSubmitted,
    ObjectRef,
    SummaryCompleted,
    SummaryFailed,
    SummaryRequest,
    encode,
)
from brevity.common.ids import canonical_json, deterministic_id
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability import tracing
from brevity.feedback.ledger.serving import InService
from brevity.feedback.model import StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository

_MOST_SUMMARIES = 200


class Resummarizer:
    def __init__(self, repository: Repository, producer: AcknowledgedProducer, in_service: InService) -> None:
        self._repository = repository
        self._producer = producer
        self._in_service = in_service

    async def newer(self, summary: SummaryCompleted) -> frozenset[str]:
        """The versions that serve now, when `summary` is by none of them; else empty. Raises Unavailable."""
        serving = await self._in_service.of(summary.engine, summary.tenant)
        return frozenset() if summary.model_version in serving.versions else serving.versions

    async def submit(self, summary: SummaryCompleted, wanted: SummaryRequest) -> StoredSummary | None:
        """Submit the text of `summary` with `wanted`; None once that is done.

        When the version that serves now has written that summary already, it is returned instead. However often the same is asked while
        the same version serves, it is summarized once; after a failure asking again tries again.

        Raises:
            Rejected: `not_found` when the text is gone.
            Unavailable: The store is away, or the broker did not take the submission; asking again is harmless.
        """
        there = await self._repository.summaries(
            summary.tenant,
            SummaryFilter(document_id=summary.document_id, content_hash=summary.content_hash),
            limit=_MOST_SUMMARIES,
        )
        same = [item for item in there.items if same_wish(item.event.request, wanted)]
        again: str | None = None
        failures = await self._failures(summary)
        if same or failures:
            engine = same[0].event.engine if same else wanted.engine or summary.engine
            serving = await self._in_service.of(engine, summary.tenant)
            for item in same:
                if item.event.model_version in serving.versions:
                    return item
            # Ingest accepts a text once for each wish; a name of its own lets it through, and each name counts once.
            wish = canonical_json(wanted.model_dump(mode="json", exclude_none=True)).decode()
            again = deterministic_id("again", summary.content_hash, wish, serving.since, str(failures))
        await self._send(summary, wanted, again)
        return None

    async def _failures(self, summary: SummaryCompleted) -> int:
        """How often summarizing this document has failed."""
        outcomes = await self._repository.outcomes(summary.tenant, summary.document_id)
        return sum(outcome.topic == SummaryFailed.topic for outcome in outcomes)

    async def _send(self, summary: SummaryCompleted, wanted: SummaryRequest, again: str | None) -> None:
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
            again=again,
        )
        record = encode(event, source="feedback", time=datetime.now(UTC), extra=tracing.inject())
        await asyncio.to_thread(self._producer.send, [record])


def same_wish(one: SummaryRequest, other: SummaryRequest) -> bool:
    """Whether both ask for the same summary: a number of words wins over a length, which is medium where none is said."""
    return _plainly(one) == _plainly(other)


def _plainly(request: SummaryRequest) -> SummaryRequest:
    length = None if request.words is not None else request.length or "medium"
    return request.model_copy(update={"length": length})


def _plain(reference: ObjectRef | None) -> ObjectRef | None:
    return reference.model_copy(update={"media_type": "text/plain"}) if reference else None
