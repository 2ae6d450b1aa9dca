"""The stage where a batch unpacks to more memory than there is: its process ends, its successor goes round the batch."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brevity.common.kafka.topics import SUBMITTED_MAX_BYTES
from tests.integration.test_stage_batches import send
from tests.support.bombs import bomb, send_batch
from tests.support.processes import Supervised
from tests.support.raw_producer import Legal
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, read, write

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

MIB = 1 << 20
ROOM = 420 * MIB
SETTINGS = {
    "memory_bytes": ROOM,
    "session_timeout_seconds": 6,
    "retry_backoff_seconds": 0.05,
    "dead_letter_window": 100_000,
}
BOMBS = {"gzip": 64, "lz4": 64, "snappy": 64}
"""Records of 8 MiB in one batch: half a GiB, more than there is room for."""
REJECTED = b"unreadable_record after 1"


@contextmanager
def worker(lane: Lane, log: Path) -> Generator[Supervised]:
    place = [lane.kafka.bootstrap_servers, lane.group, lane.source, lane.sink, "one", json.dumps(SETTINGS)]
    process = Supervised("echo-one", ["-m", "tests.support.echo_worker", *place], {"ECHO_BYTES": "40"}, log)
    try:
        yield process
    finally:
        process.stop()


def values(lane: Lane) -> Counter[bytes]:
    return Counter(message.value() or b"" for message in read(lane.kafka, lane.sink))


def send_bomb(lane: Lane, codec: str) -> int:
    send_batch(lane.kafka, lane.source, 0, bomb(codec, BOMBS[codec]))
    return BOMBS[codec]


def peak(process: Supervised) -> int:
    """The largest memory of its own that the process had resident, in bytes; 0 while there is none."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return max((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM")), default=0)


def test_batches_that_take_more_memory_than_there_is_end_in_rejections(stack: Stack, tmp_path: Path) -> None:
    lane = fresh_lane(stack.kafka, partitions=2, max_message_bytes=SUBMITTED_MAX_BYTES)
    expected = Counter[bytes]()
    for codec in BOMBS:
        plain = [b"%s %d" % (codec.encode(), number) for number in range(40)]
        send(lane, codec, *(Legal(value) for value in plain))
        expected[REJECTED] += send_bomb(lane, codec)
        expected.update(plain)
    largest = b"a document that says little, at length. " * 975_000
    send(lane, "gzip", Legal(largest))
    send(lane, "none", Legal(b"last"))
    beside = [b"beside %d" % number for number in range(40)]
    write(lane.kafka, lane.source, beside, partition=1)
    expected.update([largest[:40], b"last", *beside])
    highest = 0
    with worker(lane, tmp_path / "log") as process:
        until = time.monotonic() + 120
        while time.monotonic() < until and values(lane).total() < expected.total():
            highest = max(highest, peak(process))
            time.sleep(0.1)
        assert values(lane) == expected
        deaths = len(process.unexpected_exits)
        assert 1 <= deaths <= 2, process.unexpected_exits
        # Who has sent one sends more: for some minutes they kill nobody.
        more = send_bomb(lane, "gzip")
        send(lane, "none", Legal(b"later"))
        eventually("the partition goes on", lambda: values(lane)[b"later"] == 1, 60)
        assert values(lane)[REJECTED] == expected[REJECTED] + more
        assert len(process.unexpected_exits) == deaths
    assert 0 < highest < ROOM + 200 * MIB


def test_batches_that_are_too_much_together_are_read_one_after_another(stack: Stack, tmp_path: Path) -> None:
    lane = fresh_lane(stack.kafka, partitions=1)
    send(lane, "none", Legal(b"first"))
    for _ in range(7):
        send(lane, "lz4", *(Legal(bytes(3 * MIB)) for _ in range(30)))  # 90 MiB each
    send(lane, "none", Legal(b"last"))
    with worker(lane, tmp_path / "log") as process:
        eventually("all", lambda: values(lane).total() >= 7 * 30 + 2, 120)
        assert len(process.unexpected_exits) <= 2, process.unexpected_exits
    assert values(lane) == Counter({b"first": 1, b"last": 1, bytes(40): 210})
