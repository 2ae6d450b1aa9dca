"""Batches of some megabytes that unpack to gigabytes, put together from packed pieces without ever holding them unpacked."""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
from aiokafka.client import AIOKafkaClient  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.protocol.produce import ProduceRequest  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.record.util import calc_crc32c  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.structs import TopicPartition  # pyright: ignore[reportMissingTypeStubs]

from brevity.common.settings import KafkaSettings

PIECE = 8 << 20
"""Bytes of each record's value: zeros."""
_SECONDS = 120


def bomb(codec: str, records: int) -> bytes:
    """A legal batch of so many records."""
    number, pack = _CODECS[codec]
    heads = [_head(offset) for offset in range(records)]
    now = time.time_ns() // 1_000_000
    body = pack([*heads, b"\0"])
    after_crc = struct.pack(">hiqqqhii", number, records - 1, now, now, -1, -1, -1, records) + body
    crc: int = calc_crc32c(after_crc)
    return struct.pack(">qiibI", 0, len(after_crc) + 9, -1, 2, crc) + after_crc


def send_batch(kafka: KafkaSettings, topic: str, partition: int, batch: bytes) -> None:
    """Have the broker append `batch` as it is."""

    async def send() -> None:
        client: Any = AIOKafkaClient(
            bootstrap_servers=kafka.bootstrap_servers, request_timeout_ms=_SECONDS * 1000
        )
        await client.bootstrap()
        try:
            client.add_topic(topic)
            await client.force_metadata_update()
            leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
            request = ProduceRequest(None, -1, _SECONDS * 1000, [(topic, [(partition, batch)])])
            answer = await client.send(leader, request)
            error = answer.topics[0][1][0][1]
            assert error == 0, f"the broker answers with error {error}"
        finally:
            await client.close()

    asyncio.run(send())


def _head(offset: int) -> bytes:
    """What comes before a record's zeros; its headers' count, a zero too, is the last byte of the one before."""
    fields = b"\0\0" + _varint(offset) + _varint(-1) + _varint(PIECE)
    before = b"\0" if offset else b""
    return before + _varint(len(fields) + PIECE + 1) + fields


def _varint(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _gzip(heads: list[bytes]) -> bytes:
    """Each head with a piece of zeros behind it, but for the last."""

    def packed(data: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)

    zeros = bytes(PIECE)
    piece, crc = packed(zeros), 0
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03"]
    for number, head in enumerate(heads):
        parts.append(packed(head))
        crc = zlib.crc32(head, crc)
        if number < len(heads) - 1:
            parts.append(piece)
            crc = zlib.crc32(zeros, crc)
    size = sum(map(len, heads)) + PIECE * (len(heads) - 1)
    return b"".join([*parts, b"\x03\0", struct.pack("<II", crc, size & 0xFFFFFFFF)])


def _lz4(heads: list[bytes]) -> bytes:
    block = bytes(cramjam.lz4.compress_block(bytes(4 << 20), store_size=False))
    piece = (struct.pack("<I", len(block)) + block) * (PIECE // (4 << 20))
    raw = [struct.pack("<I", len(head) | 1 << 31) + head for head in heads]
    return b"\x04\x22\x4d\x18\x60\x70\x73" + piece.join(raw) + bytes(4)


def _snappy(heads: list[bytes]) -> bytes:
    def chunk(data: bytes) -> bytes:
        packed = bytes(cramjam.snappy.compress_raw(data))
        return struct.pack(">i", len(packed)) + packed

    piece = chunk(bytes(1 << 20)) * (PIECE >> 20)
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + piece.join(map(chunk, heads))


_CODECS: dict[str, tuple[int, Callable[[list[bytes]], bytes]]] = {
    "gzip": (1, _gzip),
    "snappy": (2, _snappy),
    "lz4": (3, _lz4),
}
