"""Positions belong to a log: topics made again, logs cut short or restored, and records that expired unread."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from deploy.local.java import free_port
from deploy.local.servers import KafkaServer
from prometheus_client import CollectorRegistry

from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.logs import log_of
from brevity.common.kafka.record import Record
from brevity.common.kafka.results import Result
from brevity.common.kafka.topics import Topic
from brevity.common.settings import KafkaSettings
from tests.support.stack import Stack, require_local_stack
from tests.support.stages import echo, running_stage
from tests.support.topics import Lane, eventually, fresh_lane, read, write

pytestmark = pytest.mark.stack


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


@pytest.fixture
def broker(tmp_path: Path) -> Generator[KafkaServer]:
    require_local_stack()
    server = KafkaServer(free_port(), tmp_path / "kafka")
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


def values(lane: Lane) -> Counter[bytes]:
    return Counter(message.value() or b"" for message in read(lane.kafka, lane.sink))


def numbered(name: str, count: int) -> list[bytes]:
    return [f"{name}-{number}".encode() for number in range(count)]


def make_again(lane: Lane) -> None:
    admin: Any = AdminClient({"bootstrap.servers": lane.kafka.bootstrap_servers})
    for future in admin.delete_topics([lane.source]).values():
        future.result(30)

    def made() -> bool:
        apply_topics(lane.kafka, [Topic(lane.source, (), (), "key", 1, 86_400_000)])
        return lane.source in admin.list_topics(timeout=10).topics

    eventually("the topic is there again", made)


def delete_before(lane: Lane, offset: int) -> None:
    admin: Any = AdminClient({"bootstrap.servers": lane.kafka.bootstrap_servers})
    for future in admin.delete_records([TopicPartition(lane.source, 0, offset)]).values():
        future.result(30)


def told(registry: CollectorRegistry, what: str, topic: str) -> float:
    return registry.get_sample_value(f"brevity_test_{what}", {"topic": topic}) or 0.0


def commit_at(lane: Lane, position: int, metadata: str) -> None:
    """As a stage of the log before, or of a version before, would have left it."""
    consumer = Consumer({"bootstrap.servers": lane.kafka.bootstrap_servers, "group.id": lane.group})
    try:
        consumer.commit(offsets=[TopicPartition(lane.source, 0, position, metadata)], asynchronous=False)
    finally:
        consumer.close()


def committed(lane: Lane) -> TopicPartition:
    consumer = Consumer({"bootstrap.servers": lane.kafka.bootstrap_servers, "group.id": lane.group})
    try:
        return consumer.committed([TopicPartition(lane.source, 0)], timeout=20)[0]
    finally:
        consumer.close()


@pytest.mark.parametrize("new", [5, 60], ids=["new log is shorter", "new log is longer"])
def test_a_topic_made_again_under_a_running_stage_is_read_from_its_beginning(lane: Lane, new: int) -> None:
    registry = CollectorRegistry()
    write(lane.kafka, lane.source, numbered("old", 20))
    with running_stage(lane, echo(lane), registry):
        eventually("the old log is done", lambda: sum(values(lane).values()) == 20)
        make_again(lane)
        write(lane.kafka, lane.source, numbered("new", new))
        eventually("the new log is done", lambda: sum(values(lane).values()) >= 20 + new, seconds=60)
        eventually("it was told", lambda: told(registry, "lag_records", lane.source) == 0)
    with running_stage(lane, echo(lane)) as again:
        eventually("ready", again.ready)
        write(lane.kafka, lane.source, [b"last"])
        eventually("the last is done", lambda: values(lane)[b"last"] == 1)
    assert values(lane) == Counter([*numbered("old", 20), *numbered("new", new), b"last"])


def test_a_position_of_a_log_that_is_gone_is_not_used_in_the_new_one(lane: Lane) -> None:
    registry = CollectorRegistry()
    write(lane.kafka, lane.source, numbered("old", 3))
    with running_stage(lane, echo(lane)):
        eventually("the old log is done", lambda: sum(values(lane).values()) == 3)
    left = committed(lane)
    assert log_of(left.metadata)
    make_again(lane)
    write(lane.kafka, lane.source, numbered("new", 20))
    commit_at(lane, left.offset, left.metadata or "")  # by an instance that was just leaving
    with running_stage(lane, echo(lane), registry):
        eventually("the new log is done", lambda: sum(values(lane).values()) >= 23)
        assert told(registry, "log_resets_total", lane.source) == 1
    assert values(lane) == Counter([*numbered("old", 3), *numbered("new", 20)])


def test_a_position_that_an_earlier_version_left_is_used(lane: Lane) -> None:
    write(lane.kafka, lane.source, numbered("a", 10))
    commit_at(lane, 4, '{"u":4,"c":0,"a":-1,"n":0}')
    with running_stage(lane, echo(lane)):
        eventually("the rest is done", lambda: sum(values(lane).values()) == 6)
    assert values(lane) == Counter(numbered("a", 10)[4:])


def test_what_had_arrived_of_a_deleted_topic_is_still_done(lane: Lane) -> None:
    hold, arrived = threading.Event(), threading.Event()

    def slow(records: Sequence[Record]) -> list[Result]:
        arrived.set()
        hold.wait(30)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, numbered("old", 8))
    with running_stage(lane, slow):
        assert arrived.wait(20)
        make_again(lane)
        write(lane.kafka, lane.source, numbered("new", 8))
        time.sleep(2)
        hold.set()
        eventually("both logs are done", lambda: sum(values(lane).values()) >= 16, seconds=60)
    assert values(lane) == Counter([*numbered("old", 8), *numbered("new", 8)])


@pytest.mark.chaos_large
@pytest.mark.parametrize(
    "new",
    [3, 40],
    ids=["ends below the position", "ends above the position"],
)
@pytest.mark.timeout(240)
def test_a_broker_restored_from_a_snapshot_loses_nothing_that_it_is_sent_afterwards(
    broker: KafkaServer, tmp_path: Path, new: int
) -> None:
    registry = CollectorRegistry()
    lane = fresh_lane(KafkaSettings(bootstrap_servers=broker.address), partitions=1)
    data, snapshot = broker.folder / "kafka-data", tmp_path / "snapshot"
    write(lane.kafka, lane.source, numbered("before", 10))
    with running_stage(lane, echo(lane), registry, instance_id="one"):
        eventually("done", lambda: sum(values(lane).values()) == 10)
        broker.stop()
        shutil.copytree(data, snapshot)
        broker.start()
        broker.wait_ready()
        write(lane.kafka, lane.source, numbered("lost", 10))
        eventually("done too", lambda: sum(values(lane).values()) == 20, seconds=60)
        broker.stop()
        shutil.rmtree(data)
        shutil.copytree(snapshot, data)
        broker.start()
        broker.wait_ready()
        write(lane.kafka, lane.source, numbered("after", new))
        eventually("what came afterwards is done", lambda: sum(values(lane).values()) >= 10 + new, seconds=90)
    assert values(lane) == Counter([*numbered("before", 10), *numbered("after", new)])


def test_records_that_expired_before_they_were_read_are_counted_and_told(lane: Lane) -> None:
    registry, gaps = CollectorRegistry(), list[tuple[str, int, int, int]]()
    write(lane.kafka, lane.source, numbered("a", 10))
    with running_stage(lane, echo(lane)):
        eventually("done", lambda: sum(values(lane).values()) == 10)
    write(lane.kafka, lane.source, numbered("b", 30))
    delete_before(lane, 25)
    with running_stage(lane, echo(lane), registry, on_expired=lambda *gap: gaps.append(gap)):
        eventually("the rest is done", lambda: sum(values(lane).values()) == 25)
        assert told(registry, "records_expired_total", lane.source) == 15
    assert gaps == [(lane.source, 0, 10, 24)]
    assert values(lane) == Counter([*numbered("a", 10), *numbered("b", 30)[15:]])


def test_a_group_that_begins_behind_the_first_records_has_lost_none(lane: Lane) -> None:
    """A new group: nothing is counted, but who has noted these records as submitted is told."""
    registry, gaps = CollectorRegistry(), list[tuple[str, int, int, int]]()
    write(lane.kafka, lane.source, numbered("a", 30))
    delete_before(lane, 20)
    with running_stage(lane, echo(lane), registry, on_expired=lambda *gap: gaps.append(gap)):
        eventually("the rest is done", lambda: sum(values(lane).values()) == 10)
    assert told(registry, "records_expired_total", lane.source) == 0
    assert gaps == [(lane.source, 0, 0, 19)]


def test_records_that_expire_while_the_stage_is_busy_are_counted_and_told(lane: Lane) -> None:
    registry, gaps = CollectorRegistry(), list[tuple[str, int, int, int]]()
    hold = threading.Event()

    def slow(records: Sequence[Record]) -> list[Result]:
        hold.wait(60)
        return list(echo(lane)(records))

    large = [b"%d:" % number + b"x" * 900_000 for number in range(60)]
    limits = {"batch_records": 1, "batch_bytes": 1_000_000, "max_in_flight_batches": 1}
    write(lane.kafka, lane.source, large)
    with running_stage(lane, slow, registry, on_expired=lambda *gap: gaps.append(gap), **limits):
        eventually("lag is known", lambda: told(registry, "lag_records", lane.source) == 60)
        time.sleep(2)  # it pauses, and forgets what it had fetched
        delete_before(lane, 50)
        hold.set()
        eventually("the last is done", lambda: any(v.startswith(b"59:") for v in values(lane)), seconds=60)
        done = sum(values(lane).values())
        assert gaps
        assert gaps[-1][3] == 49
        assert told(registry, "records_expired_total", lane.source) == 60 - done
    assert max(values(lane).values()) == 1


def test_a_topic_that_is_deleted_for_good_leaves_the_stage_alive(lane: Lane) -> None:
    write(lane.kafka, lane.source, numbered("a", 5))
    with running_stage(lane, echo(lane)) as stage:
        eventually("done", lambda: sum(values(lane).values()) == 5)
        admin: Any = AdminClient({"bootstrap.servers": lane.kafka.bootstrap_servers})
        for future in admin.delete_topics([lane.source]).values():
            future.result(30)
        for _ in range(8):
            time.sleep(0.5)
            assert stage.heartbeat_age_seconds() < 5


def test_the_lag_is_true_while_the_stage_is_full_and_after_more_has_come(lane: Lane) -> None:
    registry, hold = CollectorRegistry(), threading.Event()

    def slow(records: Sequence[Record]) -> list[Result]:
        hold.wait(60)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, numbered("a", 100))
    with running_stage(lane, slow, registry, batch_records=5, max_in_flight_batches=1):
        eventually("the first lag", lambda: told(registry, "lag_records", lane.source) == 100)
        time.sleep(1.5)  # it pauses
        write(lane.kafka, lane.source, numbered("b", 400))
        eventually("all of it", lambda: told(registry, "lag_records", lane.source) == 500)
        hold.set()
        eventually("none", lambda: told(registry, "lag_records", lane.source) == 0)
    assert sum(values(lane).values()) == 500
