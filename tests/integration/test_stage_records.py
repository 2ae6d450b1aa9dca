"""The exactly-once stage on records as other people's producers write them: odd, legal, and never in the way of others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from brevity.common.errors import Transient
from brevity.common.events import DocumentAccepted, encode, record_time
from brevity.common.kafka.dead_letters import read_topic
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Result
from tests.integration.test_stage import echo, running, values
from tests.support.processes import Supervised
from tests.support.raw_producer import Legal, RawProducer
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, read

pytestmark = pytest.mark.stack

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ODD_HEADERS: dict[str, tuple[tuple[bytes, bytes | None], ...]] = {
    "a null trace": ((b"traceparent", None), (b"tracestate", None)),
    "a null of any name": ((b"x", None), (b"x", b""), (b"", None)),
    "twice the same": ((b"traceparent", TRACE), (b"traceparent", None)),
    "not UTF-8 values": ((b"traceparent", b"\xff\xfe"), (b"tracestate", b"\x80" * 600)),
    "control characters": ((b"a\nb", b"\x00"), (b"\x01", b"\r\n")),
    "thousands": tuple((b"h%d" % number, b"v") for number in range(5_000)),
    "a megabyte": ((b"tracestate", b"x" * 1_000_000),),
    "reserved": ((b"brevity-attempt", b"99"), (b"brevity-origin", None), (b"brevity-not-before", b"inf")),
}
UNREADABLE: dict[str, tuple[tuple[bytes, bytes | None], ...]] = {
    "first": ((b"\xff\xfe", b"v"), (b"x", b"y")),
    "last and null": ((b"x", b"y"), (b"\xc3\x28", None)),
    "many": tuple((b"\xf0\x28%d" % number, b"v") for number in range(2_000)),
}


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


def send(lane: Lane, topic: str, *records: Legal) -> None:
    with RawProducer(lane.kafka.bootstrap_servers) as producer:
        producer.send(topic, records)


def test_whatever_headers_say_a_record_is_answered_once(lane: Lane) -> None:
    """They are carried through a retry and into events as they are."""
    attempts = Counter[bytes]()

    def handle(records: Sequence[Record]) -> list[Result]:
        results: list[Result] = []
        for record in records:
            attempts[record.key or b""] += 1
            if record.attempt == 1:
                results.append(Failed(Transient("not now")))
                continue
            event = DocumentAccepted.model_validate(
                {
                    "document_id": "d", "tenant": "t", "content_hash": "0" * 64, "language": "en",
                    "language_confidence": 1, "word_count": 1, "char_count": 1,
                    "submitted_at": record_time(record), "origin": {"topic": "t", "partition": 0, "offset": 0},
                }
            )  # fmt: skip
            made = encode(event, source="test", time=record_time(record), cause=record)
            results.append(
                Done((OutRecord(lane.sink, record.key or b"", record.value or b"", made.headers),))
            )
        return results

    records = [Legal(name.encode(), name.encode(), headers) for name, headers in ODD_HEADERS.items()]
    send(lane, lane.source, *records, Legal(b"plain", b"plain"))
    with running(lane, handle):
        eventually("all answered", lambda: sum(values(lane).values()) == len(records) + 1)
    assert values(lane) == Counter([*(name.encode() for name in ODD_HEADERS), b"plain"])
    assert set(attempts.values()) == {2}
    retried = {record.key: record.headers for record in read_topic(lane.kafka, lane.retry)}
    for record in records:
        reserved = [pair for pair in retried[record.key] if pair[0].startswith("brevity-")]
        kept = [pair for pair in retried[record.key] if not pair[0].startswith("brevity-")]
        assert kept == [(n.decode(), v) for n, v in record.headers if not n.startswith(b"brevity-")]
        assert len(reserved) == 4
    for message in read(lane.kafka, lane.sink):
        assert all(len(value or b"") <= 512 for _, value in message.headers() or ())


@pytest.mark.parametrize("on_retry", [False, True], ids=["source", "retry"])
def test_a_record_that_cannot_be_read_is_rejected_with_its_place(lane: Lane, on_retry: bool) -> None:
    topic = lane.retry if on_retry else lane.source
    bad = [Legal(name.encode(), name.encode(), headers) for name, headers in UNREADABLE.items()]
    send(lane, topic, Legal(b"before"), *bad, Legal(b"after"))
    with running(lane, echo(lane)):
        eventually("all answered", lambda: sum(values(lane).values()) == 5)
    assert values(lane) == Counter([b"before", b"after", *[b"unreadable_record after 1"] * 3])
    assert {m.key() for m in read(lane.kafka, lane.sink) if b"unreadable" in (m.value() or b"")} == {
        name.encode() for name in UNREADABLE
    }


def test_every_reader_takes_every_record(lane: Lane) -> None:
    odd = [*ODD_HEADERS.values(), *UNREADABLE.values()]
    send(lane, lane.sink, *(Legal(b"v", None, headers) for headers in odd))
    found = list(read_topic(lane.kafka, lane.sink))
    assert [bool(record.unreadable) for record in found] == [False] * len(ODD_HEADERS) + [True] * 3
    assert {record.value for record in found} == {b"v"}


def test_a_record_whose_decoding_kills_the_worker_is_given_up_like_any_other(
    lane: Lane, tmp_path: Path
) -> None:
    settings = {"batch_records": 16, "session_timeout_seconds": 6, "max_attempts": 2}
    command = [
        "-m", "tests.support.dying_reader",
        lane.kafka.bootstrap_servers, lane.group, lane.source, lane.sink, "one", json.dumps(settings),
    ]  # fmt: skip
    plain = [Legal(b"%d" % number) for number in range(20)]
    send(lane, lane.source, *plain, Legal(b"deadly", b"k", ((b"deadly", b"v"),)), *plain)
    process = Supervised("dying-reader", command, {}, tmp_path / "log")
    try:
        eventually("given up", lambda: values(lane)[b"crashed_worker after 2"] == 1, 60)
        eventually("the others flow", lambda: sum(values(lane).values()) == 41, 30)
    finally:
        process.stop()
    assert len(process.unexpected_exits) <= 5, process.unexpected_exits
