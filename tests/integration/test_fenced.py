"""A static member whose place was given away: it comes back by itself once, and ends where another has its name."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from confluent_kafka import Consumer

from brevity.common.errors import Fatal
from brevity.common.kafka.client import consumer_config
from tests.integration.test_stage import echo, running, values
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, write

pytestmark = pytest.mark.stack


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=2)


def _take_the_name(lane: Lane) -> None:
    """Join as `one`, as a client does that the coordinator does not know for the same, until the stage takes it back."""
    other = Consumer(consumer_config(lane.kafka, lane.group, instance_id="one"))
    other.subscribe([lane.source, lane.retry])
    fenced: list[object] = []

    def poll() -> bool:
        message = other.poll(0.1)
        error = message.error() if message is not None else None
        if error is not None and error.name() == "_FATAL":
            fenced.append(error)
        return bool(fenced)

    eventually("the stage has its name back", poll)
    other.close()


def test_a_fenced_stage_joins_again_and_goes_on(lane: Lane) -> None:
    with running(lane, echo(lane), instance_id="one", session_timeout_seconds=6):
        write(lane.kafka, lane.source, (b"%d" % number for number in range(50)))
        eventually("the first are through", lambda: sum(values(lane).values()) == 50)
        _take_the_name(lane)
        write(lane.kafka, lane.source, (b"%d" % number for number in range(50, 100)))
        eventually("all are", lambda: values(lane) == Counter(b"%d" % number for number in range(100)), 100)


@pytest.mark.chaos_large
def test_two_instances_of_one_name_end_with_a_plain_sentence(lane: Lane) -> None:
    ended: list[Fatal] = []

    def second() -> None:
        try:
            with running(lane, echo(lane), instance_id="one", session_timeout_seconds=6) as stage:
                while stage.heartbeat_age_seconds() < 2 and not ended:
                    time.sleep(0.1)
        except Fatal as error:
            ended.append(error)

    threads = [threading.Thread(target=second) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(3)
    eventually("one of them has ended", lambda: bool(ended), 60)
    for thread in threads:
        thread.join(60)
    assert "BREVITY_STAGE_INSTANCE_ID" in ended[0].remedy
