"""What people said as data to train on: reference summaries, and pairs of a better and a worse one.

Both are streamed: memory stays bounded however much there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal

from pydantic import AwareDatetime

from brevity.common.events import SummaryRequest
from brevity.feedback.judging import latest_edits
from brevity.feedback.model import Feedback, Stored, StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository
from brevity.feedback.sources import Sources

_PAGE = 200
_MOST_RIVALS = 20
"""Summaries of one text and standing that one other is paired with."""


Why = Literal["edited", "compared", "rated"]
"""A person wrote the better one; or chose it of the two; or one stands up and the other down."""


class Example(Stored):
    """What both kinds say of the summary they come from."""

    document_id: str
    content_hash: str
    language: str
    source: str
    summary_id: str
    engine: str
    model_version: str
    request: SummaryRequest
    decoding: dict[str, Any]


class Reference(Example):
    """A summary as a reviewer would have it; the latest edit of each reviewer."""

    reference: str
    summary: str
    edit_distance: float
    reviewer: str
    feedback_id: str
    recorded_at: AwareDatetime


class Preference(Example):
    """Two summaries of one text of which people found one better; engine and so on are the better one's."""

    chosen: str
    rejected: str
    why: Why


class TrainingData:
    def __init__(self, repository: Repository, sources: Sources) -> None:
        self._repository = repository
        self._sources = sources

    async def references(self, tenant: str) -> AsyncIterator[Reference]:
        """Oldest first; without those whose source is gone."""
        async for entry, found, source in self._edits(tenant):
            yield Reference(
                **_bound(found, source),
                reference=entry.edited_summary or "",
                summary=found.event.summary,
                edit_distance=entry.edit_distance or 0.0,
                reviewer=entry.reviewer,
                feedback_id=entry.feedback_id,
                recorded_at=entry.recorded_at,
            )

    async def preferences(self, tenant: str, *, edited: bool = True) -> AsyncIterator[Preference]:
        """From edits if `edited`, then from comparisons, then from ratings; without those whose source is gone."""
        if edited:
            async for entry, found, source in self._edits(tenant):
                yield Preference(
                    **_bound(found, source),
                    chosen=entry.edited_summary or "",
                    rejected=found.event.summary,
                    why="edited",
                )
        async for entry in self._repository.all_feedback(tenant):
            if entry.preferred_over is not None:
                better = await self._repository.summary(tenant, entry.summary_id)
                worse = await self._repository.summary(tenant, entry.preferred_over)
                async for pair in self._pair(better, worse, "compared"):
                    yield pair
        async for better in self._standing(tenant, SummaryFilter(rating="up")):
            rivals = SummaryFilter(rating="down", content_hash=better.event.content_hash)
            page = await self._repository.summaries(tenant, rivals, limit=_MOST_RIVALS)
            for worse in page.items:
                async for pair in self._pair(better, worse, "rated"):
                    yield pair

    async def _edits(self, tenant: str) -> AsyncIterator[tuple[Feedback, StoredSummary, str]]:
        async for entry in self._repository.all_feedback(tenant, edits_only=True):
            said = await self._repository.feedback_of(tenant, entry.summary_id)
            if entry not in latest_edits(said):
                continue
            found = await self._repository.summary(tenant, entry.summary_id)
            source = await self._sources.text_of(found.event) if found else None
            if found is not None and source is not None:
                yield entry, found, source

    async def _standing(self, tenant: str, wanted: SummaryFilter) -> AsyncIterator[StoredSummary]:
        cursor = None
        while True:
            page = await self._repository.summaries(tenant, wanted, limit=_PAGE, cursor=cursor)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _pair(
        self, better: StoredSummary | None, worse: StoredSummary | None, why: Why
    ) -> AsyncIterator[Preference]:
        if better is None or worse is None or better.event.summary == worse.event.summary:
            return
        source = await self._sources.text_of(better.event)
        if source is not None:
            yield Preference(
                **_bound(better, source),
                chosen=better.event.summary,
                rejected=worse.event.summary,
                why=why,
            )


def _bound(found: StoredSummary, source: str) -> dict[str, Any]:
    names = (
        "document_id",
        "content_hash",
        "language",
        "summary_id",
        "engine",
        "model_version",
        "request",
        "decoding",
    )
    return {"source": source, **{name: getattr(found.event, name) for name in names}}
