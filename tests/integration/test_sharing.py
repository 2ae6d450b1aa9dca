"""How instances of a stage that join one after another share the partitions of the documents."""

from __future__ import annotations

import time

import pytest
from confluent_kafka import Consumer

from brevity.common.kafka.client import consumer_config
from tests.support.stack import Stack
from tests.support.topics import fresh_lane

PARTITIONS = 8

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def test_instances_that_join_one_after_another_share_the_documents(stack: Stack) -> None:
    lane = fresh_lane(stack.kafka, PARTITIONS)
    members: list[Consumer] = []
    try:
        for number in range(4):
            consumer = Consumer(consumer_config(stack.kafka, lane.group, instance_id=f"member-{number}"))
            consumer.subscribe([lane.source, lane.retry])
            members.append(consumer)
            shares = _settled(members, lane.source)
            fair = PARTITIONS / len(members)
            assert all(fair - 1 <= share <= fair + 1 for share in shares), shares
    finally:
        for consumer in members:
            consumer.close()


def _settled(members: list[Consumer], topic: str) -> list[int]:
    """How many partitions of `topic` each member holds, once all are held and nothing has changed for a second."""
    last: list[int] = []
    since = time.monotonic()
    ends = since + 60
    while time.monotonic() < ends:
        for member in members:
            member.poll(0.05)
        shares = [sum(place.topic == topic for place in member.assignment()) for member in members]
        if shares != last or sum(shares) != PARTITIONS:
            last, since = shares, time.monotonic()
        elif time.monotonic() - since > 1:
            return shares
    raise AssertionError(f"the group did not settle: {last}")
