"""Reads batches as they lie on the log, in aiokafka's protocol, unpacked by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.client import AIOKafkaClient  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.errors import KafkaError  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.protocol.fetch import FetchRequest  # pyright: ignore[reportMissingTypeStubs]
from aiokafka.structs import TopicPartition  # pyright: ignore[reportMissingTypeStubs]
from faststream.kafka.security import parse_security

from brevity.common.errors import Fatal, Unavailable
from brevity.common.kafka.raw_batches import RawBatch, raw_batches
from brevity.common.kafka.security import security_of
from brevity.common.settings import KafkaSettings

STRETCH_BYTES = 1 << 20
"""About what is read at once; a batch that is larger comes whole, alone."""

_SECONDS = 5.0
_WAIT_MS = 100
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1
_OUT_OF_RANGE = 1


class OutOfRange(Exception):
    """The log does not have the offset: it begins after it or ended before it."""


class Parted(Exception):
    """The log is no longer the one that was read up to the offset: other records have replaced its end."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Batches in order, and the offset at which readers of committed records come to the log's end."""

    batches: Sequence[RawBatch]
    end: int


class RawLog:
    """Asks the partition's leader, with a connection for each question. Blocks; not to be called on an event loop."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    def read(self, topic: str, partition: int, offset: int, epoch: int | None) -> Stretch:
        """The batches from that which holds `offset`, as far as readers of committed records may go.

        Args:
            epoch: Of the leader that wrote the record before `offset`; None when unknown.

        Raises:
            OutOfRange, Parted: See there.
            Unavailable: The broker did not answer within some seconds; with code `kafka_setting` it cannot be asked.
        """

        async def ask(leader: _Leader) -> Stretch:
            found = await leader.fetch(offset, STRETCH_BYTES, _READ_COMMITTED)
            if epoch is not None and offset > 0 and (not found.batches or found.batches[0].epoch != epoch):
                await _check(leader, offset, epoch)
            return found

        return self._ask(topic, partition, ask)

    def batch(self, topic: str, partition: int, offset: int) -> RawBatch | None:
        """The batch that holds `offset`; None when there is none. Raises as `read` does."""

        async def ask(leader: _Leader) -> RawBatch | None:
            return next(iter((await leader.fetch(offset, 1, _READ_UNCOMMITTED)).batches), None)

        return self._ask(topic, partition, ask)

    def _ask(self, topic: str, partition: int, ask: Any) -> Any:
        try:
            security = parse_security(security_of(self._kafka.client_config))
        except Fatal as error:
            raise Unavailable(error.message, code=error.code) from error
        try:
            return asyncio.run(asyncio.wait_for(self._with_leader(topic, partition, security, ask), _SECONDS))
        except (KafkaError, TimeoutError, OSError) as error:
            raise Unavailable(f"Kafka does not tell its log now: {error!r}", code="kafka") from error

    async def _with_leader(self, topic: str, partition: int, security: Any, ask: Any) -> Any:
        client: Any = AIOKafkaClient(
            bootstrap_servers=self._kafka.bootstrap_servers, client_id="brevity-raw-log", **security
        )
        try:
            await client.bootstrap()
            client.add_topic(topic)
            await client.force_metadata_update()
            return await ask(_Leader(client, topic, partition))
        finally:
            await client.close()


class _Leader:
    def __init__(self, client: Any, topic: str, partition: int) -> None:
        self._client, self._topic, self._partition = client, topic, partition

    async def fetch(self, offset: int, size: int, isolation: int) -> Stretch:
        leader = self._client.cluster.leader_for_partition(TopicPartition(self._topic, self._partition))
        if leader is None or leader < 0:
            raise Unavailable("the partition has no leader now", code="kafka")
        # However small `size` is, the broker answers with the first batch whole.
        asked = [(self._topic, [(self._partition, offset, size)])]
        answer = await self._client.send(leader, FetchRequest(_WAIT_MS, 1, size, isolation, asked))
        for _, partitions in answer.topics:
            for _, error, end, stable, *parts in partitions:
                if error == _OUT_OF_RANGE:
                    raise OutOfRange
                if error:
                    raise Unavailable(f"Kafka answers with error {error}", code="kafka")
                # From version 5 on the log's start comes before them.
                aborted = parts[0] if len(parts) == 2 else parts[1]
                batches = [*raw_batches(parts[-1] or b"", aborted or ())]
                return Stretch(batches, stable if isolation == _READ_COMMITTED else end)
        raise Unavailable("Kafka tells nothing of the partition", code="kafka")


async def _check(leader: _Leader, offset: int, epoch: int) -> None:
    """Make sure that the record before `offset` is of `epoch`, where it is still there."""
    try:
        found = (await leader.fetch(offset - 1, 1, _READ_UNCOMMITTED)).batches
    except OutOfRange:
        return
    if found and found[0].first < offset <= found[0].last + 1 and found[0].epoch != epoch:
        raise Parted
