"""How much a compressed batch unpacks to, found in bounded memory and time: nothing of it is kept.

For the client's own unpacking of gzip, lz4 and snappy has no limit. gzip is unpacked in pieces and counted; lz4 and zstd
are walked block by block, each counted as the most that it can hold; snappy says its size. Pure.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
"""Kafka's numbers of codecs, the lowest three bits of a batch's attributes."""

_PIECE = 1 << 20
GZIP_OR_ZLIB = 15 + 32
XERIAL = b"\x82SNAPPY\x00"
XERIAL_HEADER = 16
_LZ4_FRAME, _LZ4_SKIPPABLE = 0x184D2204, range(0x184D2A50, 0x184D2A60)
_LZ4_BLOCKS = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}
_LZ4_RATIO = 255
_ZSTD_FRAME = 0xFD2FB528
_ZSTD_BLOCK = 1 << 17
_RAW_BLOCK, _RLE_BLOCK = 0, 1


def unpacked_size(codec: int, data: memoryview, most: int) -> int:
    """The most bytes that `data` can unpack to; any number above `most` when it is more than that.

    What is damaged counts up to the damage: the client unpacks no further either.
    """
    if codec == NONE:
        return len(data)
    sizes = {GZIP: _gzip, SNAPPY: _snappy, LZ4: _lz4, ZSTD: _zstd}.get(codec)
    total = 0
    for size in sizes(data) if sizes is not None else ():
        total += size
        if total > most:
            break
    return total


def _gzip(data: memoryview) -> Iterator[int]:
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
    for at in range(0, len(data), _PIECE):
        left: bytes | memoryview = data[at : at + _PIECE]
        while True:
            try:
                piece = unpacker.decompress(left, _PIECE)
            except zlib.error:
                return
            yield len(piece)
            left = unpacker.unconsumed_tail
            if unpacker.eof or (len(piece) < _PIECE and not left):
                break
        if unpacker.eof:
            return


def _snappy(data: memoryview) -> Iterator[int]:
    if bytes(data[:8]) != XERIAL or len(data) <= XERIAL_HEADER + 4:
        yield _varint(data[:10])
        return
    at = XERIAL_HEADER
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield _varint(data[at + 4 : at + 14])
        at += 4 + size


def _varint(data: memoryview) -> int:
    value = 0
    for number, byte in enumerate(data):
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return value
    return 0


def _lz4(data: memoryview) -> Iterator[int]:
    at = 0
    while at + 7 <= len(data):
        magic = int.from_bytes(data[at : at + 4], "little")
        if magic in _LZ4_SKIPPABLE:
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            continue
        if magic != _LZ4_FRAME:
            return
        flags, block = data[at + 4], _LZ4_BLOCKS.get(data[at + 5] >> 4 & 7, _LZ4_BLOCKS[7])
        at += 6
        if flags & 0x08:
            said = int.from_bytes(data[at : at + 8], "little")
            if said <= _LZ4_RATIO * len(data):  # the client takes this much at once, whatever follows
                yield said
                return
            at += 8
        at += (4 if flags & 0x01 else 0) + 1
        while at + 4 <= len(data):
            head = int.from_bytes(data[at : at + 4], "little")
            at += 4
            if head == 0:
                break
            size = head & 0x7FFFFFFF
            yield size if head >> 31 else min(block, _LZ4_RATIO * size)
            at += size + (4 if flags & 0x10 else 0)
        at += 4 if flags & 0x04 else 0


def _zstd(data: memoryview) -> Iterator[int]:
    at = 0
    while at + 6 <= len(data):
        magic = int.from_bytes(data[at : at + 4], "little")
        if magic >> 4 == 0x184D2A5:
            at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            continue
        if magic != _ZSTD_FRAME:
            return
        flags = data[at + 4]
        single = flags >> 5 & 1
        at += 5 + (1 - single) + (0, 1, 2, 4)[flags & 3] + ((single, 2, 4, 8)[flags >> 6])
        last = 0
        while not last and at + 3 <= len(data):
            head = int.from_bytes(data[at : at + 3], "little")
            last, kind, size = head & 1, head >> 1 & 3, head >> 3
            yield size if kind in {_RAW_BLOCK, _RLE_BLOCK} else _ZSTD_BLOCK
            at += 3 + (1 if kind == _RLE_BLOCK else size)
        at += 4 if flags & 0x04 else 0
