"""The exactly-once stage on compressed batches of real producers: many records in one, large ones, and what cannot be unpacked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from brevity.common.kafka.batch_header import batch_header
from brevity.common.kafka.client import UNPACKED_MAX_BYTES
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Result
from tests.integration.test_stage import echo, running, values
from tests.support.raw_producer import Legal, RawProducer
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane

pytestmark = pytest.mark.stack

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
TOGETHER = {"linger.ms": "10000", "batch.size": "900000000", "batch.num.messages": "100000"}
REJECTED = b"unreadable_record after 1"


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


def send(lane: Lane, codec: str, *records: Legal) -> None:
    """All in one batch."""
    settings = {"compression.type": codec, **TOGETHER}
    with RawProducer(lane.kafka.bootstrap_servers, settings) as producer:
        producer.send(lane.source, records, partition=0)


def test_records_that_share_a_batch_are_answered_one_by_one_whatever_packs_them(lane: Lane) -> None:
    expected = Counter[bytes]()
    for codec in CODECS:
        some = [b"%s %d" % (codec.encode(), number) for number in range(300)]
        expected.update(some)
        send(lane, codec, *(Legal(value, value) for value in some))
    with running(lane, echo(lane)):
        eventually("all answered", lambda: sum(values(lane).values()) >= expected.total())
    assert values(lane) == expected


def test_records_of_the_largest_size_pass_however_small_they_are_packed(lane: Lane) -> None:
    """Several of them are in one fetch, and none has a size that zstd's own guesses would fit by luck."""
    sizes = [39_000_000 + number * 1_000 for number in range(7)]

    def handle(records: Sequence[Record]) -> list[Result]:
        return [Done((OutRecord(lane.sink, b"", b"%d" % len(record.value or b"")),)) for record in records]

    for size in sizes:
        send(lane, "zstd", Legal(b"a" * size))
    with running(lane, handle):
        eventually("all answered", lambda: sum(values(lane).values()) >= 7)
    assert values(lane) == Counter(b"%d" % size for size in sizes)


def test_a_batch_that_unpacks_beyond_the_limit_is_passed_over_record_by_record(lane: Lane) -> None:
    bomb = b"a" * (UNPACKED_MAX_BYTES // 3 + 1)
    send(lane, "zstd", Legal(b"before"))
    send(lane, "zstd", Legal(bomb), Legal(b"beside"), Legal(bomb), Legal(bomb))
    header = batch_header(lane.kafka, lane.source, 0, 3)
    assert header is not None
    assert (header.first, header.last) == (1, 4)
    send(lane, "none", Legal(b"after"))
    with running(lane, echo(lane)):
        eventually("the plain records are answered", lambda: values(lane)[b"after"] == 1, 15)
    assert values(lane) == Counter({b"before": 1, b"after": 1, REJECTED: 4})
    with running(lane, echo(lane)) as stage:  # a restart does not meet it again
        eventually("ready", stage.ready)
        send(lane, "lz4", Legal(b"later"))
        eventually("answered", lambda: values(lane)[b"later"] == 1, 10)
    assert values(lane)[REJECTED] == 4
