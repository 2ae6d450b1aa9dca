"""Server-sent events: what is new in the caller's store, as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from brevity.feedback.api.params import Caller
from brevity.feedback.live import Live, News
from brevity.feedback.model import Change
from brevity.feedback.settings import FeedbackBlock

_RECONNECT_MS = 2_000


def events(live: Live, settings: FeedbackBlock) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["live"])

    @router.get("/events", response_class=StreamingResponse)
    async def watch(
        caller: Caller,
        last_event_id: Annotated[
            str | None, Header(max_length=400, description="Sent by browsers: goes on after that event.")
        ] = None,
    ) -> Response:
        """Server-sent events `summary`, `document`, `outcome` and `feedback`, each a small JSON object with ids to read
        more by; `resync` when some were left out and the list is to be read again."""
        news = live.news(
            caller.tenant,
            heartbeat=settings.live_heartbeat_seconds,
            since=_since(last_event_id),
            caller=caller.subject,
        )
        await anext(news)  # refused before the first byte, it is still a proper answer
        return StreamingResponse(
            _written(news), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    return router


async def _written(news: AsyncIterator[News | float]) -> AsyncIterator[str]:
    yield f"retry: {_RECONNECT_MS}\n\n"
    async for item in news:
        yield _text(item)


def _text(item: News | float) -> str:
    if item is None:
        return "event: resync\ndata: {}\n\n"
    if not isinstance(item, Change):
        return ": alive\n\n"
    name = f"{round(item.at.timestamp() * 1000)}.{item.id}"
    return f"id: {name}\nevent: {item.kind}\ndata: {item.model_dump_json(exclude_none=True)}\n\n"


def _since(last_event_id: str | None) -> datetime | None:
    """When the last event that a caller saw was; one that is not ours counts as the distant past."""
    if last_event_id is None:
        return None
    try:
        return datetime.fromtimestamp(int(last_event_id.partition(".")[0]) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
