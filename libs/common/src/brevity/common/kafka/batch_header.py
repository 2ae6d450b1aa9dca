"""Which records a batch on the log holds, told by its header: for a batch whose records the client cannot unpack."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka.client import AIOKafkaClient  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.errors import KafkaError  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.protocol.fetch import FetchRequest  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.record.memory_records import MemoryRecords  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.structs import TopicPartition  # pyright: ignore[reportMissingTypeStubs]
from faststream.kafka.security import parse_security

from brevity.common.kafka.security import security_of
from brevity.common.settings import KafkaSettings

_SECONDS = 5.0
_READ_UNCOMMITTED = 0


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """Offsets `first` to `last`, both included; `timestamp_ms` is that of its latest record."""

    first: int
    last: int
    timestamp_ms: int


def batch_header(kafka: KafkaSettings, topic: str, partition: int, offset: int) -> BatchHeader | None:
    """The header of the batch that holds `offset`; None when the broker does not tell within some seconds.

    Nothing is unpacked. Blocks; not to be called on an event loop.
    """
    try:
        return asyncio.run(asyncio.wait_for(_ask(kafka, topic, partition, offset), _SECONDS))
    except (KafkaError, TimeoutError, OSError):
        return None


async def _ask(kafka: KafkaSettings, topic: str, partition: int, offset: int) -> BatchHeader | None:
    client: Any = AIOKafkaClient(
        bootstrap_servers=kafka.bootstrap_servers,
        client_id="brevity-batch-header",
        **parse_security(security_of(kafka.client_config)),
    )
    try:
        await client.bootstrap()
        client.add_topic(topic)
        await client.force_metadata_update()
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if leader is None or leader < 0:
            return None
        # One byte: the broker answers with the first batch alone, whole, however large it is.
        request = FetchRequest(500, 1, 1, _READ_UNCOMMITTED, [(topic, [(partition, offset, 1)])])
        answer = await client.send(leader, request)
        for _, partitions in answer.topics:
            for _, _, _, *parts in partitions:
                return _first(parts[-1])
        return None
    finally:
        await client.close()


def _first(data: bytes | None) -> BatchHeader | None:
    batches: Any = MemoryRecords(data or b"")
    batch = batches.next_batch() if batches.has_next() else None
    return batch and BatchHeader(batch.base_offset, batch.next_offset - 1, batch.max_timestamp)
