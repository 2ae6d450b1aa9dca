"""Summaries as files: one, some by id, or all that a filter finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from brevity.common.errors import Rejected
from brevity.feedback.api.params import Caller, Filter, the_summary
from brevity.feedback.export import Exported, ExportItem, Format, Gathering, Review, export, stream_jsonl
from brevity.feedback.model import Feedback, StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository
from brevity.feedback.sources import Sources

_PAGE = 200
_MOST_IDS = 500

Wanted = Annotated[Format, Query(description="pdf, docx (Word), md (Markdown) or jsonl (JSON lines).")]
Ids = Annotated[
    list[str] | None, Query(alias="id", max_length=_MOST_IDS, description="Summaries by id, in this order.")
]


def exporting(repository: Repository, sources: Sources) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["export"])
    # A large PDF takes some hundred megabytes while it is set: one at a time.
    setting = asyncio.Semaphore(1)

    async def item(tenant: str, stored: StoredSummary) -> ExportItem:
        said = await repository.feedback_of(tenant, stored.event.summary_id)
        return ExportItem(stored.event, await sources.text_of(stored.event), review_of(said))

    async def chosen(tenant: str, wanted: SummaryFilter, ids: list[str] | None) -> AsyncIterator[ExportItem]:
        if ids is not None:
            for name in dict.fromkeys(ids):
                yield await item(tenant, await the_summary(repository, tenant, name))
            return
        cursor: str | None = None
        while True:
            page = await repository.summaries(tenant, wanted, limit=_PAGE, cursor=cursor)
            for stored in page.items:
                yield await item(tenant, stored)
            cursor = page.next_cursor
            if cursor is None:
                return

    async def file(items: AsyncIterator[ExportItem], format: Format) -> Response:
        gathered = Gathering(format)
        async for one in items:
            await asyncio.to_thread(gathered.add, one)
        async with setting:
            return _attached(await asyncio.to_thread(gathered.file))

    @router.get("/summaries/{summary_id}/export", response_class=Response)
    async def export_summary(summary_id: str, caller: Caller, format: Wanted = Format.PDF) -> Response:
        """One summary as a file: title, facts, warnings, each sentence with its source, and the last correction."""
        stored = await the_summary(repository, caller.tenant, summary_id)
        found = await item(caller.tenant, stored)
        async with setting:
            return _attached(await asyncio.to_thread(export, [found], format))

    @router.get("/export", response_class=Response)
    async def export_selection(
        caller: Caller, wanted: Filter, ids: Ids = None, format: Wanted = Format.JSONL
    ) -> Response:
        """A selection as one file, by id or else all that the filter finds, newest first. JSON lines have no limit."""
        items = chosen(caller.tenant, wanted, ids)
        if format is not Format.JSONL:
            return await file(items, format)
        first = await anext(items, None)
        if first is None:
            raise Rejected("Nothing to export.", code="export_empty", remedy="Widen the filter.")
        return StreamingResponse(
            _lines(first, items),
            media_type=format.media_type,
            headers=_disposition("summaries.jsonl"),
        )

    return router


def review_of(said: list[Feedback]) -> Review | None:
    """The last correction, else the last rating; `said` oldest first."""
    for wanted in ("edited_summary", "rating"):
        for entry in reversed(said):
            if getattr(entry, wanted) is not None:
                return Review(
                    entry.reviewer,
                    entry.recorded_at,
                    entry.rating,
                    entry.edited_summary,
                    tuple(entry.reasons),
                )
    return None


async def _lines(first: ExportItem, rest: AsyncIterator[ExportItem]) -> AsyncIterator[bytes]:
    for line in stream_jsonl([first]):
        yield line
    async for one in rest:
        for line in stream_jsonl([one]):
            yield line


def _attached(file: Exported) -> Response:
    return Response(file.data, media_type=file.media_type, headers=_disposition(file.filename))


def _disposition(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}
