"""Retry records carry the attempt and the original's own coordinates."""

from __future__ import annotations

from brevity.common.kafka.record import ASIDE_HEADER, OutRecord, Record
from brevity.common.kafka.retry import (
    REPLAY_HEADER,
    backoff_seconds,
    due_at,
    next_attempt,
    original,
    without_reserved,
)
from brevity.common.settings import StageSettings

RECORD = Record(
    "documents.submitted",
    3,
    17,
    b"k",
    b"v",
    (("mine", b"1"), ("empty", None)),
    1_700_000_000_000,
    log="topic:4",
)


def as_consumed(out: OutRecord, **place: int) -> Record:
    return Record(
        out.topic, place["partition"], place["offset"], out.key, out.value, out.headers, out.timestamp_ms
    )


def test_a_retry_record_stands_for_its_original_at_the_next_attempt() -> None:
    first = next_attempt(RECORD, "retry", attempt=2, not_before=5.0)
    second = next_attempt(
        original(as_consumed(first, partition=0, offset=1)), "retry", attempt=3, not_before=9.5
    )
    consumed = as_consumed(second, partition=7, offset=99)
    assert due_at(consumed, 9.0, StageSettings()) == 9.5
    record = original(consumed)
    assert record.attempt == 3
    assert (record.topic, record.partition, record.offset) == ("documents.submitted", 3, 17)
    assert record.timestamp_ms == RECORD.timestamp_ms
    assert record.log == "topic:4"
    assert record.header("mine") == "1"
    assert ("empty", None) in record.headers


def test_a_time_that_no_stage_would_wait_for_counts_as_past() -> None:
    settings = StageSettings(retry_backoff_max_seconds=60)
    for timestamp_ms in (-1, 0, 1_000_000, 2**62):
        assert due_at(Record("retry", 0, 4, b"k", b"v", (), timestamp_ms), 0.5, settings) <= 0.5


def test_a_hand_written_record_on_a_retry_topic_is_taken_as_it_is() -> None:
    for headers in (
        (),
        (("brevity-origin", b"{broken"),),
        (("brevity-origin", b"[1]"),),
        (("brevity-origin", None),),
        (("brevity-origin", b'["t",0,1e30,0]'),),
    ):
        record = Record("retry", 0, 4, b"k", b"v", headers, 1)
        assert original(record) == record


def test_reserved_headers_of_outsiders_are_dropped_and_theirs_kept() -> None:
    assert without_reserved((("brevity-attempt", b"9"), ("x", b"1"))) == (("x", b"1"),)


def test_backoff_doubles_up_to_its_maximum() -> None:
    settings = StageSettings(retry_backoff_seconds=1, retry_backoff_max_seconds=10)
    assert [backoff_seconds(attempt, settings) for attempt in (1, 2, 3, 4, 5, 10_000)] == [1, 2, 4, 8, 10, 10]


def test_what_a_record_is_goes_with_it_from_attempt_to_attempt() -> None:
    """A replayed document that fails once more still names its claim, and a long one is not set aside again."""
    marks = ((REPLAY_HEADER, b"letter-1"), (ASIDE_HEADER, b"1"))
    record = RECORD
    for attempt in (1, 2, 3):
        out = next_attempt(
            record, "retry", attempt=attempt, not_before=0.0, extra=marks if attempt == 1 else ()
        )
        record = original(as_consumed(out, partition=0, offset=attempt))
    assert record.attempt == 3
    assert record.header(REPLAY_HEADER) == "letter-1"
    assert record.aside
    assert len(record.headers) == len({name for name, _ in record.headers})
    assert not without_reserved(marks)
