"""The stage where it could lose or double: failures beside finished work, rebalances in a fetch, lost membership."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from confluent_kafka import Consumer, Message

from brevity.common.errors import Fatal
from brevity.common.kafka.client import consumer_config
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Result
from brevity.common.kafka.stage import Stage
from brevity.common.kafka.transaction import Aborted
from tests.integration.test_stage import echo, running, values
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, write

pytestmark = pytest.mark.stack


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


def test_a_fatal_error_leaves_later_finished_batches_uncommitted(lane: Lane) -> None:
    """Leaving the group revokes the partitions, which commits finished work: not past the record that failed."""
    second_done = threading.Event()

    def handle(records: Sequence[Record]) -> list[Result]:
        if records[0].offset == 0:
            assert second_done.wait(20)
            raise Fatal("the model is missing")
        results = echo(lane)(records)
        second_done.set()
        return list(results)

    write(lane.kafka, lane.source, [b"first", b"second", b"third"])

    def run_until_stopped() -> None:
        with running(lane, handle, batch_records=1, max_in_flight_batches=3) as stage:
            assert second_done.wait(20)
            eventually("stopped by itself", lambda: stage.heartbeat_age_seconds() > 1)

    with pytest.raises(Fatal):
        run_until_stopped()
    assert values(lane) == Counter()
    with running(lane, echo(lane)):
        eventually("all done by the next", lambda: sum(values(lane).values()) == 3)
    assert values(lane) == Counter([b"first", b"second", b"third"])


class _TellsOfAbort(Stage):
    """A stage whose transaction fails once, as after a fenced producer, at the moment a fetch is under way."""

    fail = threading.Event()

    def _take(self, messages: Sequence[Message | None]) -> None:
        if any(messages) and self.fail.is_set() and self._in_flight:
            self._drain(5)  # what a rebalance callback does in the call that handed these messages out
        super()._take(messages)


def test_records_fetched_before_a_rewind_do_not_hide_those_before_them(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tests.integration.test_stage as helpers

    monkeypatch.setattr(helpers, "Stage", _TellsOfAbort)
    _TellsOfAbort.fail.clear()
    busy, go_on = threading.Event(), threading.Event()

    def handle(records: Sequence[Record]) -> list[Result]:
        if records[0].value == b"0" and not go_on.is_set():
            busy.set()
            assert go_on.wait(20)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, [b"0"])
    with running(lane, handle, batch_records=64) as stage:
        assert busy.wait(20)
        publish = stage._transactions.run
        failed = threading.Event()

        def once(*arguments: object) -> None:
            if not failed.is_set():
                failed.set()
                raise Aborted("fenced")
            publish(*arguments)  # pyright: ignore[reportArgumentType]

        monkeypatch.setattr(stage._transactions, "run", once)
        _TellsOfAbort.fail.set()
        threading.Timer(0.5, go_on.set).start()
        write(lane.kafka, lane.source, (b"%d" % number for number in range(1, 50)))
        eventually("the transaction failed", failed.is_set)
        eventually("all echoed", lambda: sum(values(lane).values()) >= 50)
    assert values(lane) == Counter(b"%d" % number for number in range(50))


def test_an_instance_that_was_thrown_out_cannot_commit(lane: Lane) -> None:
    """The broker checks no generation of a consumer without a member id, so the stage must not ask it to."""
    begun, go_on = threading.Event(), threading.Event()

    def handle(records: Sequence[Record]) -> list[Result]:
        begun.set()
        assert go_on.wait(20)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, [b"a"])
    with running(lane, handle) as stage:
        assert begun.wait(20)
        real = stage._consumer
        outsider = Consumer(consumer_config(lane.kafka, lane.group))

        class ThrownOut:
            """The consumer as it is after the broker dropped it: no member id, generation -1."""

            def __getattr__(self, name: str) -> object:
                return getattr(outsider if name in {"memberid", "consumer_group_metadata"} else real, name)

        stage._consumer = ThrownOut()
        go_on.set()
        eventually("the work is thrown away", lambda: stage._metrics.discarded._value.get() >= 1)
        assert values(lane) == Counter()
        stage._consumer = real
        eventually("done again as a member", lambda: values(lane) == Counter([b"a"]))
        outsider.close()


def test_what_stands_on_a_retry_topic_by_another_hand_blocks_nothing(lane: Lane) -> None:
    origin = json.dumps([lane.source, -1, -5, 0]).encode()
    far = str(time.time() + 1e9).encode()
    write(
        lane.kafka,
        lane.retry,
        [b"far"],
        headers={"brevity-origin": b'["t", 0, 0, 0]', "brevity-not-before": far},
    )
    write(
        lane.kafka,
        lane.retry,
        [b"below zero"],
        headers={"brevity-origin": origin, "brevity-attempt": "²".encode()},
    )
    write(
        lane.kafka, lane.retry, [b"never"], headers={"brevity-origin": origin, "brevity-not-before": b"inf"}
    )
    with running(lane, echo(lane), retry_backoff_max_seconds=0.5):
        eventually("all echoed", lambda: sum(values(lane).values()) == 3)
    assert values(lane) == Counter([b"far", b"below zero", b"never"])


def test_headers_count_towards_a_topics_limit(lane: Lane) -> None:
    """Else the broker refuses the transaction for ever, and the record blocks its partition."""

    def swollen(records: Sequence[Record]) -> list[Result]:
        headers = (("tracestate", b"x" * 3_000_000),)
        return [Done((OutRecord("documents.accepted", b"k", b"{}", headers),)) for _ in records]

    write(lane.kafka, lane.source, [b"a"])
    with running(lane, swollen):
        eventually("given up", lambda: values(lane) == Counter([b"output_too_large after 1"]))
