"""Batches as they lie on the log, told by their headers; nothing is unpacked here."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brevity.common.kafka.raw_records import RawMessage, raw_messages

_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length, leader epoch, magic, checksum, attributes, last offset's delta, first and last timestamp, producer's
id and epoch, sequence number, count of records."""
_LENGTH_FROM = 12
_CODEC, _APPENDED, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_ABORT = 0


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Offsets `first` to `last`, both included.

    Attributes:
        epoch: The leader's that wrote it.
        timestamp_ms: That of its latest record.
        since_ms: What its records' timestamps count from; None where `timestamp_ms` is that of all (`LogAppendTime`).
        count: How many records it holds.
        codec: Kafka's number of what packs `body`.
        visible: Whether a reader of committed records gets any of it.
        size: Bytes on the log.
    """

    first: int
    last: int
    epoch: int
    timestamp_ms: int
    since_ms: int | None
    count: int
    codec: int
    visible: bool
    body: memoryview

    @property
    def size(self) -> int:
        return _HEADER.size + len(self.body)

    def messages(self, topic: str, partition: int, start: int, most: int) -> Iterator[RawMessage]:
        """Its records from offset `start` on; see `raw_messages`."""
        return raw_messages(self, topic, partition, start, most)


def raw_batches(data: bytes, aborted: Sequence[tuple[int, int]]) -> Iterator[RawBatch]:
    """The whole batches in what a broker answered; what is cut off at its end is left out.

    Args:
        aborted: Producer's id and first offset of each aborted transaction, as the broker told them.
    """
    view = memoryview(data)
    waiting = sorted(aborted, key=lambda transaction: transaction[1])
    undone: set[int] = set()
    at = 0
    while at + _HEADER.size <= len(view):
        (
            base, length, epoch, magic, _, attributes, delta, began, latest, producer, _, _, count,
        ) = _HEADER.unpack_from(view, at)  # fmt: skip
        size = _LENGTH_FROM + length
        if magic < 2 or size < _HEADER.size or at + size > len(view):
            return
        body, last = view[at + _HEADER.size : at + size], base + delta
        while waiting and waiting[0][1] <= last:
            undone.add(waiting.pop(0)[0])
        control = bool(attributes & _CONTROL)
        visible = count > 0 and not control and not (attributes & _TRANSACTIONAL and producer in undone)
        if control and _kind(body) == _ABORT:
            undone.discard(producer)
        since = None if attributes & _APPENDED else began
        yield RawBatch(base, last, epoch, latest, since, count, attributes & _CODEC, visible, body)
        at += size


def _kind(body: memoryview) -> int:
    """What a control record says: its key is a version and a type, two bytes each, behind some varints."""
    at = 0
    for _ in range(4):  # length, attributes (one byte), timestamp, offset
        while at < len(body) and body[at] & 0x80:
            at += 1
        at += 1
    at += 1  # the key's length
    return int.from_bytes(body[at + 2 : at + 4], "big")
