"""The stage when something dies: its process, the broker, or a record that kills whoever touches it."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import Supervised
from tests.support.stack import Stack, fresh_stack
from tests.support.topics import Lane, eventually, fresh_lane, read, write

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SETTINGS = {
    "batch_records": 16,
    "session_timeout_seconds": 6,
    "retry_backoff_seconds": 0.05,
    "max_attempts": 3,
}


@contextmanager
def worker(lane: Lane, log: Path, instance: str = "one") -> Generator[Supervised]:
    process = Supervised(
        f"echo-{instance}",
        [
            "-m", "tests.support.echo_worker",
            lane.kafka.bootstrap_servers, lane.group, lane.source, lane.sink, instance, json.dumps(SETTINGS),
        ],
        {},
        log,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.stop()


def values(lane: Lane) -> Counter[bytes]:
    return Counter(message.value() or b"" for message in read(lane.kafka, lane.sink))


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def test_kill_9_loses_and_doubles_nothing(stack: Stack, tmp_path: Path) -> None:
    lane = fresh_lane(stack.kafka)
    rng = random.Random(3)
    with worker(lane, tmp_path / "log") as process, worker(lane, tmp_path / "log2", "two"):
        for first in range(0, 3_000, 500):
            write(lane.kafka, lane.source, numbers(3_000)[first : first + 500])
            time.sleep(rng.uniform(0.3, 1.5))
            process.kill()
        eventually("all echoed", lambda: sum(values(lane).values()) >= 3_000, 90)
        assert process.kills >= 5
    assert values(lane) == Counter(numbers(3_000))


def test_a_record_that_kills_its_worker_is_given_up_and_the_others_flow(stack: Stack, tmp_path: Path) -> None:
    lane = fresh_lane(stack.kafka, partitions=2)
    write(lane.kafka, lane.source, [*numbers(40), b"deadly", *numbers(40)])
    with worker(lane, tmp_path / "log") as process:
        eventually("the deadly record is given up", lambda: values(lane)[b"crashed_worker after 3"] == 1, 120)
        eventually("the others flow", lambda: sum(values(lane).values()) == 81, 60)
        # 16 records a batch, then 4, then 1 alone three times: no more deaths than that, whoever was beside it.
        assert len(process.unexpected_exits) <= 6, process.unexpected_exits
    assert values(lane) == Counter([*numbers(40), *numbers(40), b"crashed_worker after 3"])


def test_a_broker_that_dies_and_returns_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with fresh_stack(tmp_path / "stack") as stack:
        lane = fresh_lane(stack.kafka)
        with worker(lane, tmp_path / "log") as process:
            write(lane.kafka, lane.source, numbers(1_000))
            eventually("under way", lambda: sum(values(lane).values()) > 0)
            stack.kafka_server.kill()
            stack.kafka_server.start()
            stack.kafka_server.wait_ready()
            write(lane.kafka, lane.source, [b"late %d" % number for number in range(500)])
            eventually("all echoed", lambda: sum(values(lane).values()) >= 1_500, 240)
            assert process.unexpected_exits == []
        assert values(lane) == Counter([*numbers(1_000), *(b"late %d" % number for number in range(500))])
