"""Server-sent events: what is new arrives, in one's own tenant, and a stream ends with its service."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from brevity.common.errors import Unavailable
from brevity.feedback.live import QUEUE, Live
from brevity.feedback.model import Change
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.settings import FeedbackBlock
from tests.support.feedback import accepted, completed
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = pytest.mark.stack


class Reader(threading.Thread):
    """Reads a stream to its end and keeps what came."""

    def __init__(self, client: httpx.Client, headers: dict[str, str] | None = None) -> None:
        super().__init__(daemon=True)
        self.lines: list[str] = []
        self.ended = False
        self._client = client
        self._headers = headers

    def run(self) -> None:
        with (
            contextlib.suppress(httpx.ReadError),  # the test has closed its client
            self._client.stream("GET", "/v1/events", headers=self._headers) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                self.lines.append(line)
            self.ended = True

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith('data: {"')]

    def seen(self) -> set[tuple[str, str]]:
        return {(event["kind"], event["document_id"]) for event in self.events()}


@contextmanager
def reading(
    service: FeedbackService, name: str = "rita", tenant: str = "first", **headers: str
) -> Iterator[Reader]:
    with service.as_(name, tenant) as client:
        reader = Reader(client, headers)
        reader.start()
        eventually("the stream is open", lambda: bool(reader.lines))
        yield reader


def fresh() -> str:
    return f"live-{uuid.uuid4().hex[:8]}"


async def test_news_arrive_once_in_their_tenant_with_heartbeats_between(service: FeedbackService) -> None:
    name = fresh()
    summary = completed(name)
    with reading(service) as mine, reading(service, tenant="second") as theirs:
        await service.fill([accepted(name), summary])
        eventually("the summary is told", lambda: ("summary", name) in mine.seen())
        with service.as_("anna") as anna:
            anna.post(f"/v1/summaries/{summary.summary_id}/feedback", json={"rating": "up"})
        eventually("the rating is told", lambda: ("feedback", name) in mine.seen())
        eventually("a heartbeat comes", lambda: ": alive" in mine.lines)
        assert len([event for event in mine.events() if event["document_id"] == name]) == 3
        assert all(event["document_id"] != name for event in theirs.events())


async def test_a_stream_goes_on_after_the_last_event_that_was_seen(service: FeedbackService) -> None:
    name = fresh()
    with reading(service) as first:
        await service.fill([accepted(name)])
        eventually("told", lambda: ("document", name) in first.seen())
        last = [line.removeprefix("id: ") for line in first.lines if line.startswith("id: ")][-1]
    missed = fresh()
    await service.fill([accepted(missed)])
    with reading(service, **{"Last-Event-ID": last}) as second:
        eventually("the missed one is told", lambda: ("document", missed) in second.seen())
        assert len([event for event in second.events() if event["document_id"] == missed]) == 1
    for long_ago in ("1000.x", "nonsense", "9" * 40):
        with reading(service, **{"Last-Event-ID": long_ago}) as third:
            eventually("told to look again", lambda reader=third: "event: resync" in reader.lines)


async def test_more_streams_than_are_served_are_answered_with_503_and_free_their_place(stack: Stack) -> None:
    with running(planned(stack), {"BREVITY_FEEDBACK_LIVE_STREAMS": "1"}) as small:
        with reading(small), small.as_("rita") as client:
            refused = client.get("/v1/events")
            assert (refused.status_code, refused.json()["code"]) == (503, "too_many_streams")

        # the place of one that has left is free once the service has noticed
        def open_again() -> bool:
            with small.as_("rita") as client, client.stream("GET", "/v1/events") as answer:
                return answer.status_code == 200

        eventually("a place is free", open_again)


async def test_open_streams_do_not_hold_up_the_end_of_the_service(stack: Stack) -> None:
    with running(planned(stack)) as own:
        client = own.as_("rita")
        reader = Reader(client)
        reader.start()
        eventually("the stream is open", lambda: bool(reader.lines))
    reader.join(10)
    assert reader.ended, "the stream was cut off instead of ended"
    client.close()


async def test_who_reads_too_slowly_is_told_to_look_again_and_holds_bounded_memory(
    repository: MongoRepository,
) -> None:
    live = Live(repository, FeedbackBlock(live_poll_seconds=0.02))
    news = live.news("first", heartbeat=0.2)
    assert isinstance(await anext(news), float)
    for number in range(3):
        await repository.save([accepted(f"d{number}-{n}") for n in range(QUEUE)])
    seen: list[Change | None] = []
    async for item in news:
        if isinstance(item, float) and seen:
            break
        if item is None or isinstance(item, Change):
            seen.append(item)
    assert None in seen
    await news.aclose()


async def test_a_flood_at_one_instant_neither_repeats_nor_stops_the_news(repository: MongoRepository) -> None:
    live = Live(repository, FeedbackBlock(live_poll_seconds=0.02))
    news = live.news("first", heartbeat=0.2, since=datetime.now(UTC))
    await anext(news)
    await repository.save([accepted(f"flood-{n}") for n in range(1_200)])
    await repository.save([accepted("after")])
    seen: list[str] = []
    async for item in news:
        if isinstance(item, Change):
            seen.append(item.document_id or "")
            if item.document_id == "after":
                break
    assert len(seen) == len(set(seen))
    live.close()
    assert [item async for item in news] == []


async def test_one_caller_and_one_tenant_leave_streams_to_others(repository: MongoRepository) -> None:
    live = Live(repository, FeedbackBlock(live_streams=8, live_streams_per_caller=2))
    open_streams: list[AsyncGenerator[Change | float | None]] = []

    async def watch(tenant: str, caller: str) -> bool:
        news = live.news(tenant, heartbeat=0.2, caller=caller)
        try:
            await anext(news)
        except Unavailable:
            return False
        open_streams.append(news)
        return True

    assert [await watch("first", "greedy") for _ in range(4)] == [True, True, False, False]
    assert [await watch("first", f"reader-{n}") for n in range(4)] == [True, True, False, False]
    assert await watch("second", "reader")
    await open_streams[0].aclose()
    assert await watch("first", "greedy")
    for news in open_streams:
        await news.aclose()
