"""The records of a batch as it lies on the log, unpacked within a limit, one after another.

For where librdkafka must not be let: it unpacks gzip, lz4 and snappy without limit, and holds all records of a batch at
once. Slower than it by far. Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import cramjam

from brevity.common.kafka.unpacked import (
    GZIP,
    GZIP_OR_ZLIB,
    LZ4,
    NONE,
    SNAPPY,
    XERIAL,
    XERIAL_HEADER,
    ZSTD,
    unpacked_size,
)

_APPEND_TIME, _CREATE_TIME = 2, 1
_LONGEST_VARINT = 70


class Batch(Protocol):
    """See `RawBatch`."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def since_ms(self) -> int | None: ...
    @property
    def count(self) -> int: ...
    @property
    def codec(self) -> int: ...
    @property
    def body(self) -> memoryview: ...


class Unreadable(Exception):
    """What is left of the batch cannot be read: it is damaged, or unpacks to more than the limit."""


class RawMessage:
    """A record in the form of confluent_kafka's message, as far as `brevity.common.kafka.message` asks for it."""

    __slots__ = ("_batch", "_headers", "_key", "_offset", "_place", "_timestamp", "_value")

    def __init__(
        self,
        place: tuple[str, int],
        batch: Batch,
        offset: int,
        timestamp_ms: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[bytes, bytes | None]],
    ) -> None:
        self._place, self._batch, self._offset, self._timestamp = place, batch, offset, timestamp_ms
        self._key, self._value, self._headers = key, value, headers

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._offset

    def leader_epoch(self) -> int:
        return self._batch.epoch

    def timestamp(self) -> tuple[int, int]:
        return (_APPEND_TIME if self._batch.since_ms is None else _CREATE_TIME), self._timestamp

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Raises UnicodeDecodeError where a name is not UTF-8."""
        return [(name.decode(), value) for name, value in self._headers]


def raw_messages(batch: Batch, topic: str, partition: int, start: int, most: int) -> Iterator[RawMessage]:
    """The records of `batch`, which lies in that partition, from offset `start` on.

    Args:
        most: Bytes that the batch may unpack to.

    Raises:
        Unreadable: See there; what came before it is whole.
    """
    data, place, at = memoryview(_unpacked(batch, most)), (topic, partition), 0
    for _ in range(batch.count):
        try:
            length, at = _varint(data, at)
            end = at + length
            if length < 0 or end > len(data):
                raise Unreadable("a record is cut off")
            # Behind one byte of attributes.
            later, next_at = _varint(data, at + 1)
            delta, next_at = _varint(data, next_at)
            if batch.first + delta >= start:
                yield _message(place, batch, batch.first + delta, later, data[next_at:end])
        except IndexError as error:
            raise Unreadable("a record is cut off") from error
        at = end


def _message(place: tuple[str, int], batch: Batch, offset: int, later: int, data: memoryview) -> RawMessage:
    if offset > batch.last:
        raise Unreadable("a record lies outside its batch")
    key, at = _bytes(data, 0)
    value, at = _bytes(data, at)
    count, at = _varint(data, at)
    headers: list[tuple[bytes, bytes | None]] = []
    for _ in range(count):
        name, at = _bytes(data, at)
        content, at = _bytes(data, at)
        headers.append((name or b"", content))
    time = batch.timestamp_ms if batch.since_ms is None else batch.since_ms + later
    return RawMessage(place, batch, offset, time, key, value, headers)


def _bytes(data: memoryview, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(data, at)
    if length < 0:
        return None, at
    if at + length > len(data):
        raise Unreadable("a field is longer than its record")
    return bytes(data[at : at + length]), at + length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A zigzag varint and where the next field begins."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
        if shift > _LONGEST_VARINT:
            raise Unreadable("a number does not end")


def _unpacked(batch: Batch, most: int) -> bytes | memoryview:
    if batch.codec == NONE:
        return batch.body
    size = unpacked_size(batch.codec, batch.body, most)
    if size > most:
        raise Unreadable(f"it unpacks to more than {most >> 20} MiB")
    try:
        return _UNPACK[batch.codec](batch.body, size)
    except KeyError:
        raise Unreadable(f"its codec {batch.codec} is unknown") from None
    except (zlib.error, cramjam.DecompressionError, ValueError) as error:
        raise Unreadable(f"it is damaged: {error}") from error


def _gunzip(data: memoryview, size: int) -> bytes:
    return zlib.decompress(data, GZIP_OR_ZLIB, max(1, size))  # told the size, it copies nothing together


def _unsnap(data: memoryview, _: int) -> bytes:
    if bytes(data[: len(XERIAL)]) != XERIAL:
        return bytes(cramjam.snappy.decompress_raw(data))
    pieces: list[bytes] = []
    at = XERIAL_HEADER
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        pieces.append(bytes(cramjam.snappy.decompress_raw(data[at + 4 : at + 4 + size])))
        at += 4 + size
    return b"".join(pieces)


def _unlz4(data: memoryview, _: int) -> memoryview:
    return memoryview(cramjam.lz4.decompress(data))


def _unzstd(data: memoryview, _: int) -> memoryview:
    return memoryview(cramjam.zstd.decompress(data))


_UNPACK = {GZIP: _gunzip, SNAPPY: _unsnap, LZ4: _unlz4, ZSTD: _unzstd}
