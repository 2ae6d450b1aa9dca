"""Batches as they lie on the log, built by another library: every record is read as it was written, damage is told."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any

import pytest
from aiokafka.record.default_records import (  # pyright: ignore[reportMissingTypeStubs]
    DefaultRecordBatchBuilder,
)

from brevity.common.kafka.message import record_of
from brevity.common.kafka.raw_batches import RawBatch, raw_batches
from brevity.common.kafka.raw_records import Unreadable
from brevity.common.kafka.record import Record

MIB = 1 << 20
MOST = 16 * MIB
Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]
ROWS: list[Row] = [
    (b"k", b"v", []),
    (None, None, [("traceparent", None), ("x", b""), ("x", b"y")]),
    (b"", b"", [("naïve", b"\xff")]),
    (b"key" * 99, b"text " * 9_999, []),
]


def batch(codec: int, rows: list[Row], *, transactional: bool = False, producer: int = -1) -> bytes:
    builder: Any = DefaultRecordBatchBuilder(2, codec, transactional, producer, 0, 0, 1 << 30)
    for number, (key, value, headers) in enumerate(rows):
        builder.append(number, 1_000_000 + 7 * number, key, value, headers)
    return bytes(builder.build())


def only(data: bytes) -> RawBatch:
    (found,) = raw_batches(data, ())
    return found


@pytest.mark.parametrize("codec", range(5), ids=["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_record_is_read_as_it_was_written(codec: int) -> None:
    found = only(batch(codec, ROWS))
    assert (found.first, found.last, found.count, found.visible) == (0, 3, 4, True)
    records = [record_of(message) for message in found.messages("t", 2, 0, MOST)]
    assert records == [
        Record("t", 2, number, key, value, tuple(headers), 1_000_000 + 7 * number)
        for number, (key, value, headers) in enumerate(ROWS)
    ]
    assert [message.offset() for message in found.messages("t", 2, 2, MOST)] == [2, 3]


def test_a_header_name_that_is_not_utf8_is_told_of_its_record_alone() -> None:
    data = batch(0, [(b"k", b"v", [("name", b"1")]), (b"k", b"w", [])]).replace(b"name", b"n\xffme")
    first, second = (record_of(message) for message in only(data).messages("t", 0, 0, MOST))
    assert "UTF-8" in first.unreadable
    assert (first.value, second.value, second.unreadable) == (b"v", b"w", "")


@pytest.mark.parametrize("codec", [1, 2, 3, 4], ids=["gzip", "snappy", "lz4", "zstd"])
def test_what_unpacks_to_more_than_the_limit_is_told_in_little_memory(codec: int) -> None:
    found = only(batch(codec, [(b"k", bytes(MOST + MIB), [])]))
    tracemalloc.start()
    with pytest.raises(Unreadable, match="16 MiB"):
        next(found.messages("t", 0, 0, MOST))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


@pytest.mark.parametrize("codec", range(5))
def test_damage_is_told_and_nothing_else_raised(codec: int) -> None:
    rng = random.Random(codec)
    whole = batch(codec, ROWS)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(rng.randrange(1, 5)):
            broken[rng.randrange(61, len(broken))] = rng.randrange(256)
        try:
            records = list(only(bytes(broken)).messages("t", 0, 0, MOST))
        except Unreadable:
            continue
        assert all(0 <= message.offset() <= 3 for message in records)


def test_what_is_cut_off_at_the_end_is_left_out() -> None:
    data = batch(0, ROWS)
    for length in range(0, len(data), 997):
        assert [*raw_batches(data + data[:length], ())] == [only(data)]


def test_aborted_transactions_are_not_for_readers() -> None:
    data = batch(0, ROWS, transactional=True, producer=7)
    other = batch(0, ROWS, transactional=True, producer=8)
    assert [found.visible for found in raw_batches(data + other, [(7, 0)])] == [False, True]
