"""How much real compressed data would unpack to, without unpacking it."""

from __future__ import annotations

import gzip
import random
import struct
import tracemalloc

import cramjam
import pytest

from brevity.common.kafka.unpacked import GZIP, LZ4, SNAPPY, ZSTD, unpacked_size

MIB = 1 << 20
MOST = 40 * MIB


def xerial(data: bytes) -> bytes:
    chunks = [
        bytes(cramjam.snappy.compress_raw(data[at : at + 32_768])) for at in range(0, len(data), 32_768)
    ]
    return b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01" + b"".join(
        struct.pack(">i", len(chunk)) + chunk for chunk in chunks
    )


PACK = {
    "gzip": (GZIP, lambda data: gzip.compress(data, 6)),
    "lz4": (LZ4, lambda data: bytes(cramjam.lz4.compress(data))),
    "snappy": (SNAPPY, lambda data: bytes(cramjam.snappy.compress_raw(data))),
    "xerial": (SNAPPY, xerial),
    "zstd": (ZSTD, lambda data: bytes(cramjam.zstd.compress(data))),
}


@pytest.mark.parametrize("name", PACK)
def test_a_bomb_is_told_from_a_document_in_little_memory(name: str) -> None:
    codec, pack = PACK[name]
    bomb = memoryview(pack(bytes(MOST + MIB)))
    tracemalloc.start()
    size = unpacked_size(codec, bomb, MOST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > MOST
    assert peak < 8 * MIB


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize(
    "make", [lambda r: bytes(3 * MIB), lambda r: r.randbytes(3 * MIB), lambda r: b"word " * 99]
)
def test_what_is_within_the_limit_is_never_taken_for_more_than_a_block_above_itself(name: str, make) -> None:  # type: ignore[no-untyped-def]
    codec, pack = PACK[name]
    data = make(random.Random(1))
    size = unpacked_size(codec, memoryview(pack(data)), MOST)
    assert len(data) <= size <= len(data) + 4 * MIB


@pytest.mark.parametrize("name", PACK)
def test_damage_raises_nothing_and_ends(name: str) -> None:
    codec, pack = PACK[name]
    rng = random.Random(2)
    whole = bytearray(pack(rng.randbytes(5_000)))
    for _ in range(300):
        broken = bytearray(whole[: rng.randrange(len(whole))])
        for _ in range(rng.randrange(4)):
            if broken:
                broken[rng.randrange(len(broken))] = rng.randrange(256)
        assert unpacked_size(codec, memoryview(bytes(broken)), MOST) >= 0
