"""What is put back is what stands on the topic: the last record of each key, unless a tombstone erased it."""

from __future__ import annotations

from collections.abc import Sequence

from brevity.common.kafka.record import Record
from brevity.feedback.restoring import standing


def record(offset: int, key: bytes, value: bytes | None) -> Record:
    return Record("feedback.recorded", 0, offset, key, value)


def offsets(records: Sequence[Record]) -> list[int]:
    return [one.offset for one in standing(records)]


def test_the_last_record_of_a_key_stands() -> None:
    assert offsets([record(0, b"a", b"1"), record(1, b"b", b"1"), record(2, b"a", b"2")]) == [1, 2]


def test_what_a_tombstone_erased_stays_erased() -> None:
    assert offsets([record(0, b"a", b"1"), record(1, b"b", b"1"), record(2, b"a", None)]) == [1]


def test_what_was_said_again_after_an_erasure_stands() -> None:
    assert offsets([record(0, b"a", b"1"), record(1, b"a", None), record(2, b"a", b"3")]) == [2]
