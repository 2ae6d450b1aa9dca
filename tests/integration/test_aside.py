"""A record that takes long is set aside: the others pass it, it is worked on once, one at a time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from brevity.common.errors import Fatal, Transient
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Result, SetAside
from tests.integration.test_stage import echo, running, values
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, write

pytestmark = pytest.mark.stack


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


class Work:
    """Echoes. A value that begins with "long" is set aside, and then takes until `go_on`."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.go_on = threading.Event()
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, records: Sequence[Record]) -> list[Result]:
        return [self._one(record) for record in records]

    def _one(self, record: Record) -> Result:
        value = record.value or b""
        if value == b"flaky" and record.attempt == 1:
            return Failed(Transient("not now"))
        if value.startswith(b"long"):
            if not record.aside:
                return SetAside()
            assert record.attempt == 1
            self._take_long()
        return Done((OutRecord(self.lane.sink, record.key or b"", value),))

    def _take_long(self) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.go_on.wait(40)
        with self._lock:
            self.at_once -= 1


@pytest.mark.parametrize("batches", [1, 4])
def test_others_pass_a_record_that_takes_long(lane: Lane, batches: int) -> None:
    work = Work(lane)
    short = [b"%d" % number for number in range(200)]
    long = [b"long %d" % number for number in range(6)]
    write(lane.kafka, lane.source, [*long[:3], *short[:100], *long[3:], *short[100:]])
    with running(lane, work, batch_records=16, max_in_flight_batches=batches):
        eventually("a long one is in work", lambda: work.at_once == 1)
        eventually("all others are through", lambda: values(lane) == Counter(short))
        write(lane.kafka, lane.source, [b"late"])
        eventually("and those that come later", lambda: values(lane) == Counter([*short, b"late"]))
        work.go_on.set()
        eventually("then the long ones", lambda: values(lane) == Counter([*short, *long, b"late"]))
    assert work.most_at_once == 1


def test_what_waits_for_its_next_attempt_comes_after_what_was_set_aside(lane: Lane) -> None:
    work = Work(lane)
    write(lane.kafka, lane.source, [b"long", b"flaky", b"short"])
    with running(lane, work, batch_records=1):
        eventually("the short one is through", lambda: values(lane) == Counter([b"short"]))
        work.go_on.set()
        eventually("all are", lambda: values(lane) == Counter([b"long", b"flaky", b"short"]))


def test_an_instance_that_ends_while_one_is_in_work_leaves_it_to_the_next(lane: Lane) -> None:
    work = Work(lane)
    write(lane.kafka, lane.source, [b"long", b"short"])
    with running(lane, work, graceful_stop_seconds=1):
        eventually("it is in work", lambda: work.at_once == 1)
        eventually("the short one is through", lambda: values(lane) == Counter([b"short"]))
    work.go_on.set()
    assert values(lane) == Counter([b"short"])
    with running(lane, echo(lane)):
        eventually("it is done", lambda: values(lane) == Counter([b"long", b"short"]))


def test_a_handler_that_sets_aside_for_ever_is_found_out(lane: Lane) -> None:
    write(lane.kafka, lane.source, [b"x"])
    with (
        pytest.raises(Fatal, match="aside"),
        running(lane, lambda records: [SetAside() for _ in records]) as stage,
    ):
        eventually("it has stopped", lambda: stage.heartbeat_age_seconds() > 2)
