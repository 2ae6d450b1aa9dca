"""Several brokers' addresses, the first of a broker that is away: every client of ours finds one that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.batch_header import batch_header
from brevity.common.kafka.logs import BrokerLogs
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.settings import KafkaSettings
from tests.support.stack import Stack
from tests.support.stages import echo, running_stage
from tests.support.topics import Lane, eventually, fresh_lane, read, write

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


@pytest.fixture
def lane(stack: Stack) -> Lane:
    """Its settings name two brokers, spelt as people spell lists."""
    lane = fresh_lane(stack.kafka, partitions=1)
    both = f"127.0.0.1:{stack.free_port()}, {stack.kafka.bootstrap_servers}"
    return Lane(KafkaSettings(bootstrap_servers=both), lane.group, lane.source, lane.sink)


async def test_a_batch_consumer_reads(lane: Lane, stack: Stack) -> None:
    write(stack.kafka, lane.source, [b"one"])
    seen = asyncio.Event()

    async def keep(records: Sequence[Record]) -> None:
        seen.set()

    consumer = BatchConsumer(
        "addresses",
        lane.kafka,
        lane.group,
        [lane.source],
        keep,
        Batching(),
        ConsumerMetrics("addresses", CollectorRegistry()),
    )
    working = asyncio.create_task(consumer.run())
    try:
        async with asyncio.timeout(30):
            await seen.wait()
    finally:
        consumer.stop()
        await working


def test_a_stage_and_its_questions_are_answered(lane: Lane, stack: Stack) -> None:
    write(stack.kafka, lane.source, [b"one"])
    with running_stage(lane, echo(lane)):
        eventually("the record is echoed", lambda: len(read(stack.kafka, lane.sink)) == 1)
    logs = BrokerLogs(lane.kafka, lane.group)
    assert lane.source in logs.topic_ids([lane.source])
    logs.close()
    assert batch_header(lane.kafka, lane.source, 0, 0) is not None
