"""The at-least-once consumer on records as anybody writes them, and on logs that are not what was left."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.errors import CommitFailedError  # pyright: ignore[reportMissingTypeStubs]
from prometheus_client import CollectorRegistry

from brevity.common.errors import Unavailable
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.client import UNPACKED_MAX_BYTES
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from tests.integration.test_stage_batches import send as send_batch
from tests.integration.test_stage_logs import delete_before, make_again, numbered, told
from tests.integration.test_stage_records import ODD_HEADERS, UNREADABLE
from tests.support.raw_producer import Legal, RawProducer
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, write

pytestmark = pytest.mark.stack


class Kept:
    """A store in memory, which can be away."""

    def __init__(self) -> None:
        self.away = False
        self.records: list[Record] = []
        self.registry = CollectorRegistry()
        self.metrics = ConsumerMetrics("test", self.registry)

    async def keep(self, records: list[Record]) -> None:
        if self.away:
            raise Unavailable("the store is away", code="mongo")
        self.records += records

    def values(self) -> Counter[bytes | None]:
        return Counter(record.value for record in self.records)


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


@contextlib.asynccontextmanager
async def consuming(lane: Lane, kept: Kept, records: int = 500) -> AsyncGenerator[BatchConsumer]:
    batching = Batching(records, wait_seconds=0.05)
    consumer = BatchConsumer("test", lane.kafka, lane.group, [lane.source], kept.keep, batching, kept.metrics)
    running = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        consumer.stop()
        await running


async def until(what: str, condition: Callable[[], bool], seconds: float = 40.0) -> None:
    await asyncio.to_thread(eventually, what, condition, seconds)


async def test_no_record_hides_another(lane: Lane) -> None:
    """Odd and unreadable headers, tombstones and plain records in one batch: each is kept, once."""
    odd = [*ODD_HEADERS.values(), *UNREADABLE.values()]
    records = [Legal(b"plain-%d" % n, b"k", headers) for n, headers in enumerate(odd)]
    records += [Legal(None, b"erased", headers) for headers in UNREADABLE.values()] + [
        Legal(None),
        Legal(b"last"),
    ]
    with RawProducer(lane.kafka.bootstrap_servers, {"linger.ms": "100"}) as producer:
        producer.send(lane.source, records)
    kept = Kept()
    async with consuming(lane, kept) as consumer:
        await until("all are kept", lambda: len(kept.records) >= len(records))
        await consumer.ping()
        await until("nothing is left", lambda: told(kept.registry, "lag_records", lane.source) == 0)
    # Not in this order: the producer may send a batch again behind the next one.
    assert Counter((r.key, r.value) for r in kept.records) == Counter((r.key, r.value) for r in records)
    assert told(kept.registry, "records_unreadable_total", lane.source) == 2 * len(UNREADABLE)
    again = Kept()
    write(lane.kafka, lane.source, [b"next"])
    async with consuming(lane, again):
        await until("the next is kept", lambda: again.values()[b"next"] == 1)
    assert again.values() == Counter([b"next"]), "what was acknowledged came again"


async def test_a_batch_that_cannot_be_unpacked_is_passed_over(lane: Lane) -> None:
    bomb = Legal(b"a" * (UNPACKED_MAX_BYTES // 3 + 1))
    write(lane.kafka, lane.source, [b"before"])
    send_batch(lane, "zstd", bomb, Legal(b"beside"), bomb, bomb)
    write(lane.kafka, lane.source, [b"after"])
    kept = Kept()
    async with consuming(lane, kept):
        await until("the plain ones are kept", lambda: len(kept.records) == 2)
        await until("nothing is left", lambda: told(kept.registry, "lag_records", lane.source) == 0)
    assert kept.values() == Counter([b"before", b"after"])
    assert told(kept.registry, "records_unreadable_total", lane.source) == 4


async def test_what_expired_unread_and_what_waits_for_the_store_is_told(lane: Lane) -> None:
    write(lane.kafka, lane.source, numbered("a", 10))
    kept = Kept()
    async with consuming(lane, kept):
        await until("kept", lambda: len(kept.records) == 10)
    write(lane.kafka, lane.source, numbered("b", 30))
    delete_before(lane, 25)
    kept.away = True
    async with consuming(lane, kept):
        await until("the lag is known", lambda: told(kept.registry, "lag_records", lane.source) == 15)
        assert told(kept.registry, "records_expired_total", lane.source) == 15
        write(lane.kafka, lane.source, numbered("c", 20))
        await until("and grows meanwhile", lambda: told(kept.registry, "lag_records", lane.source) == 35)
        kept.away = False
        await until("the rest is kept", lambda: len(kept.records) == 45)
        await until("nothing is left", lambda: told(kept.registry, "lag_records", lane.source) == 0)
    assert kept.values() == Counter([*numbered("a", 10), *numbered("b", 30)[15:], *numbered("c", 20)])


async def test_what_expires_while_the_store_is_away_is_told_and_nothing_else_is_lost(stack: Stack) -> None:
    """Of two partitions one has to begin anew in the middle: the other goes on where it was."""
    lane = fresh_lane(stack.kafka, partitions=2)
    for partition in 0, 1:
        write(lane.kafka, lane.source, numbered(f"p{partition}", 100), partition=partition)
    kept = Kept()
    kept.away = True
    async with consuming(lane, kept, records=5):
        await until("the lag is known", lambda: told(kept.registry, "lag_records", lane.source) == 200)
        await asyncio.sleep(2.5)  # it pauses, and forgets what it had fetched
        delete_before(lane, 60)
        kept.away = False
        await until("the rest is kept", lambda: {*numbered("p0", 100)[60:]} <= set(kept.values()))
        await until("the other too", lambda: {*numbered("p1", 100)} <= set(kept.values()))
        before = len({*numbered("p0", 100)[:60]} & set(kept.values()))
        assert told(kept.registry, "records_expired_total", lane.source) == 60 - before
    assert max(kept.values().values()) == 1


async def test_a_group_that_begins_behind_the_first_records_has_lost_none(lane: Lane) -> None:
    write(lane.kafka, lane.source, numbered("a", 30))
    delete_before(lane, 20)
    kept = Kept()
    async with consuming(lane, kept):
        await until("the rest is kept", lambda: len(kept.records) == 10)
    assert told(kept.registry, "records_expired_total", lane.source) == 0


async def test_large_records_are_read_in_batches_of_some_megabytes(lane: Lane) -> None:
    write(lane.kafka, lane.source, [bytes(900_000)] * 60)
    kept = Kept()
    sizes: list[int] = []

    async def keep(records: list[Record]) -> None:
        sizes.append(sum(len(record.value or b"") for record in records))
        await asyncio.sleep(0.3)  # the client fetches on

    kept.keep = keep
    async with consuming(lane, kept):
        await until("all are kept", lambda: sum(sizes) == 54_000_000)
    assert max(sizes) <= (16 << 20) + 50 * 900_000


async def test_an_earlier_version_may_be_at_work_in_the_same_group(stack: Stack) -> None:
    """As its consumers joined: by aiokafka with its default. Both work, either goes on where the other has left."""
    lane = fresh_lane(stack.kafka, partitions=4)
    old, kept, later = list[bytes | None](), Kept(), Kept()

    def send(name: str) -> set[bytes]:
        for partition in range(4):
            write(lane.kafka, lane.source, numbered(f"{name}-{partition}", 10), partition=partition)
        return {value for partition in range(4) for value in numbered(f"{name}-{partition}", 10)}

    async with earlier_version(lane, old):
        first = send("first")
        await until("the earlier version has them", lambda: first <= {*old})
        async with consuming(lane, kept):
            deadline = (
                time.monotonic() + 60
            )  # a member that joins makes the others wait, and then all begin again
            for turn in itertools.count():
                if (kept.records and turn) or time.monotonic() > deadline:
                    break
                wanted = send(f"both-{turn}")
                await until("both work", lambda wanted=wanted: wanted <= {*old, *kept.values()})
                await asyncio.sleep(0.2)
            assert kept.records, "the new one gets nothing"
            assert len({*old}) > 40, "the earlier one gets nothing any more"
        alone = send("alone")
        await until("the earlier one goes on", lambda: alone <= {*old})
    assert not alone & {*kept.values()}
    async with consuming(lane, later):
        last = send("last")
        await until("the new one goes on", lambda: last <= {*later.values()})
    assert {*later.values()} == last


@contextlib.asynccontextmanager
async def earlier_version(lane: Lane, seen: list[bytes | None]) -> AsyncGenerator[None]:
    consumer: Any = AIOKafkaConsumer(
        lane.source,
        bootstrap_servers=lane.kafka.bootstrap_servers,
        group_id=lane.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )

    async def read() -> None:
        while True:
            batches = await consumer.getmany(timeout_ms=100)
            for batch in batches.values():
                seen.extend(record.value for record in batch)
            if batches:
                with contextlib.suppress(CommitFailedError):  # the group has moved on: they come again
                    await consumer.commit()

    await consumer.start()
    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await consumer.stop()


@pytest.mark.parametrize("new", [5, 60], ids=["new log is shorter", "new log is longer"])
async def test_a_topic_made_again_is_read_from_its_beginning(lane: Lane, new: int) -> None:
    write(lane.kafka, lane.source, numbered("old", 20))
    kept = Kept()
    async with consuming(lane, kept):
        await until("the old log is kept", lambda: len(kept.records) == 20)
        await asyncio.to_thread(make_again, lane)
        write(lane.kafka, lane.source, numbered("new", new))
        wanted = {*numbered("old", 20), *numbered("new", new)}
        await until("the new log is kept", lambda: wanted <= set(kept.values()), seconds=60)
        assert told(kept.registry, "log_resets_total", lane.source) == 1
