"""The exactly-once stage against a real broker: what it writes, retries, gives up and keeps."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Handler, Result
from brevity.common.kafka.stage import Stage
from brevity.common.settings import StageSettings
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, read, write

pytestmark = pytest.mark.stack

FAST = {"retry_backoff_seconds": 0.05, "batch_wait_seconds": 0.01}


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka)


def echo(lane: Lane) -> Handler:
    def handle(records: Sequence[Record]) -> list[Result]:
        return [Done((OutRecord(lane.sink, record.key or b"", record.value or b""),)) for record in records]

    return handle


@contextmanager
def running(
    lane: Lane, handler: Handler, registry: CollectorRegistry | None = None, **settings: object
) -> Generator[Stage]:
    def bury(record: Record, error: BrevityError, attempts: int) -> OutRecord:
        return OutRecord(lane.sink, record.key or b"", f"{error.code} after {attempts}".encode())

    stage = Stage(
        "test",
        lane.kafka,
        StageSettings.model_validate(FAST | settings),
        lane.group,
        [lane.source],
        handler,
        bury,
        StageMetrics("test", registry or CollectorRegistry()),
    )
    errors: list[BaseException] = []

    def work() -> None:
        try:
            stage.run()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stage
    finally:
        stage.stop()
        thread.join(40)
    assert not thread.is_alive(), "the stage did not stop"
    if errors:
        raise errors[0]


def values(lane: Lane) -> Counter[bytes]:
    return Counter(message.value() or b"" for message in read(lane.kafka, lane.sink))


def test_every_record_is_answered_once_and_a_later_instance_redoes_nothing(lane: Lane) -> None:
    write(lane.kafka, lane.source, (b"%d" % number for number in range(2_000)))
    expected = Counter(b"%d" % number for number in range(2_000))
    with running(lane, echo(lane)):
        eventually("all echoed", lambda: len(read(lane.kafka, lane.sink)) >= 2_000)
    seen: list[Record] = []

    def spy(records: Sequence[Record]) -> list[Result]:
        seen.extend(records)
        return list(echo(lane)(records))

    with running(lane, spy) as second:
        eventually("second instance ready", second.ready)
        write(lane.kafka, lane.source, [b"last"])
        eventually("last echoed", lambda: values(lane)[b"last"] == 1)
    assert values(lane) == expected + Counter([b"last"])
    assert [record.value for record in seen] == [b"last"]


def test_a_transient_failure_is_retried_with_its_count_and_its_own_coordinates(lane: Lane) -> None:
    seen: list[tuple[str, int, int]] = []

    def handle(records: Sequence[Record]) -> list[Result]:
        results: list[Result] = []
        for record in records:
            if record.value == b"flaky":
                seen.append((record.topic, record.offset, record.attempt))
                if record.attempt < 3:
                    results.append(Failed(Transient("not now")))
                    continue
            results.extend(echo(lane)([record]))
        return results

    write(lane.kafka, lane.source, [b"a", b"flaky", b"b"])
    with running(lane, handle):
        eventually("flaky passes", lambda: values(lane)[b"flaky"] == 1)
    assert values(lane) == Counter([b"a", b"flaky", b"b"])
    assert {topic for topic, _, _ in seen} == {lane.source}
    assert len({offset for _, offset, _ in seen}) == 1
    assert [attempt for _, _, attempt in seen] == [1, 2, 3]


def test_attempts_end_in_a_dead_letter_and_a_rejection_in_one_at_once(lane: Lane) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        def one(record: Record) -> Result:
            if record.value == b"never":
                return Failed(Transient("still not", code="broken_model"))
            if record.value == b"bad":
                return Failed(Rejected("no text", code="no_text"))
            return echo(lane)([record])[0]

        return [one(record) for record in records]

    write(lane.kafka, lane.source, [b"never", b"bad", b"good"])
    with running(lane, handle, max_attempts=3):
        eventually("all three have an end", lambda: len(read(lane.kafka, lane.sink)) == 3)
    assert values(lane) == Counter([b"broken_model after 3", b"no_text after 1", b"good"])


def test_an_exception_in_the_handler_costs_only_the_record_that_raises_it(lane: Lane) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        if any(record.value == b"7" for record in records):
            raise ValueError("a bug")
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, (b"%d" % number for number in range(20)))
    with running(lane, handle, max_attempts=2):
        eventually("all have an end", lambda: len(read(lane.kafka, lane.sink)) == 20)
    assert values(lane) == Counter(
        [b"%d" % number for number in range(20) if number != 7] + [b"unexpected_error after 2"]
    )


def test_an_unavailable_dependency_holds_work_without_counting_attempts(lane: Lane) -> None:
    away = threading.Event()
    calls = Counter[str]()

    def handle(records: Sequence[Record]) -> list[Result]:
        if not away.is_set():
            calls["refused"] += 1
            raise Unavailable("the store is away")
        assert {record.attempt for record in records} == {1}
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, (b"%d" % number for number in range(300)))
    with running(lane, handle, batch_records=16, max_in_flight_batches=2, max_attempts=1) as stage:
        eventually("held more often than attempts are allowed", lambda: calls["refused"] > 6)
        assert stage.heartbeat_age_seconds() < 5
        assert values(lane) == Counter()
        away.set()
        eventually("all pass", lambda: len(read(lane.kafka, lane.sink)) == 300)
    assert values(lane) == Counter(b"%d" % number for number in range(300))


def test_a_stage_that_holds_stops_at_once_and_its_records_are_done_by_the_next(lane: Lane) -> None:
    def refuse(records: Sequence[Record]) -> list[Result]:
        held.set()
        raise Unavailable("the store is away")

    held = threading.Event()
    write(lane.kafka, lane.source, [b"a", b"b"])
    with running(lane, refuse):
        assert held.wait(20)
    with running(lane, echo(lane)):
        eventually("both pass", lambda: len(read(lane.kafka, lane.sink)) == 2)
    assert values(lane) == Counter([b"a", b"b"])


def test_a_fatal_error_stops_the_stage_with_nothing_committed_past_it(lane: Lane) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        raise Fatal("the model is missing")

    write(lane.kafka, lane.source, [b"a"])
    reached = threading.Event()

    def note(records: Sequence[Record]) -> list[Result]:
        reached.set()
        return handle(records)

    def run_until_stopped() -> None:
        with running(lane, note) as stage:
            assert reached.wait(20)
            eventually("stopped by itself", lambda: stage.heartbeat_age_seconds() > 1)

    with pytest.raises(Fatal, match="the model is missing"):
        run_until_stopped()
    with running(lane, echo(lane)):
        eventually("done by the next", lambda: values(lane) == Counter([b"a"]))


def test_order_of_a_key_is_kept_however_batches_finish(lane: Lane) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        if int(records[0].value or b"0") % 3 == 0:
            threading.Event().wait(0.03)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, (b"%d" % number for number in range(400)))
    with running(lane, handle, batch_records=10):
        eventually("all echoed", lambda: len(read(lane.kafka, lane.sink)) == 400)
    by_source: dict[int, list[int]] = {}
    for message in read(lane.kafka, lane.sink):
        by_source.setdefault(message.partition() or 0, []).append(int(message.value() or b"0"))
    assert all(found == sorted(found) for found in by_source.values())


def test_too_many_dead_letters_halt_the_partition_instead_of_emptying_the_topic(stack: Stack) -> None:
    lane, registry = fresh_lane(stack.kafka, partitions=1), CollectorRegistry()
    counted = threading.Event()

    def handle(records: Sequence[Record]) -> list[Result]:
        counted.wait(20)
        return [Failed(Transient("no")) for _ in records]

    def told(what: str, **labels: str) -> float:
        return registry.get_sample_value(f"brevity_test_{what}", labels) or 0.0

    write(lane.kafka, lane.source, (b"%d" % number for number in range(500)))
    limits = {"batch_records": 10, "dead_letter_window": 50, "dead_letter_ratio": 0.5, "max_attempts": 1}
    with running(lane, handle, registry, **limits) as stage:
        eventually("what waits is known", lambda: stage.unfinished_records() == 500)
        counted.set()
        eventually("halted", lambda: bool(values(lane)) and not stage.ready())
        eventually("told", lambda: told("partitions", topic=lane.source, state="halted") == 1)
        assert told("lag_records", topic=lane.source) > 0
        assert stage.unfinished_records() == 0  # nobody may work on it
        assert told("records_finished_total", outcome="dead_letter") >= 50
        assert told("records_finished_total", outcome="retried") == 0
    written = sum(values(lane).values())
    assert 50 <= written < 200, written
    with running(lane, echo(lane)):
        eventually("the rest flows after the cure", lambda: sum(values(lane).values()) == 500)


def test_a_result_over_its_topics_limit_becomes_a_dead_letter(lane: Lane) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        return [Done((OutRecord("summaries.completed", b"k", b"x" * 3_000_000),)) for _ in records]

    write(lane.kafka, lane.source, [b"a"])
    with running(lane, handle):
        eventually("given up", lambda: values(lane) == Counter([b"output_too_large after 1"]))


def test_outsiders_cannot_set_the_attempt_count(lane: Lane) -> None:
    attempts: list[int] = []

    def handle(records: Sequence[Record]) -> list[Result]:
        attempts.extend(record.attempt for record in records)
        return list(echo(lane)(records))

    write(lane.kafka, lane.source, [b"a"], headers={"brevity-attempt": b"99", "mine": b"1"})
    with running(lane, handle):
        eventually("echoed", lambda: values(lane) == Counter([b"a"]))
    assert attempts == [1]


def test_two_instances_share_the_work_and_one_leaving_redoes_nothing(lane: Lane) -> None:
    seen: Counter[bytes] = Counter()
    lock = threading.Lock()

    def counted(records: Sequence[Record]) -> list[Result]:
        with lock:
            seen.update(record.value or b"" for record in records)
        return list(echo(lane)(records))

    with running(lane, counted, batch_records=8) as first:
        eventually("first ready", first.ready)
        with running(lane, counted, batch_records=8) as second:
            eventually("second ready", second.ready)
            write(lane.kafka, lane.source, (b"%d" % number for number in range(1_000)))
            eventually("half way", lambda: len(read(lane.kafka, lane.sink)) > 300)
        eventually("all echoed", lambda: len(read(lane.kafka, lane.sink)) == 1_000)
    assert values(lane) == Counter(b"%d" % number for number in range(1_000))
    assert seen == values(lane)
