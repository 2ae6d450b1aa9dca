"""An at-least-once consumer: batches of records, acknowledged once they are kept.

For effects that are idempotent, such as an upsert into a store. What must happen exactly once is a `Stage`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from brevity.common.errors import Unavailable
from brevity.common.kafka.inflight import Item
from brevity.common.kafka.keeping import Keep, Keeping
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.reader import Reader
from brevity.common.kafka.security import security_of
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

_RETRY_SECONDS = 1.0
_IDLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Batching:
    """How much is read as one batch, and how long a batch may wait to fill."""

    records: int = 500
    wait_seconds: float = 0.2


class BatchConsumer:
    """An offset is committed after all records before it are kept. Kafka or the store away: it waits and goes on.

    Runs on one event loop; `stop` is to be called on it.

    Args:
        name: The client's name, as brokers log it.

    Raises:
        Fatal: A setting for Kafka that not every client here understands.
    """

    def __init__(
        self,
        name: str,
        kafka: KafkaSettings,
        group: str,
        topics: Sequence[str],
        keep: Keep,
        batching: Batching,
        metrics: ConsumerMetrics,
    ) -> None:
        # The ids of topics, which tell one log from another, are asked for with these settings.
        security_of(kafka.client_config)
        self._name = name
        self._kafka = kafka
        self._group = group
        self._topics = topics
        self._batching = batching
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._keeping = Keeping(keep, batching.records, metrics, self._stopping, self._beat)
        self._reader: Reader | None = None
        self._turned = time.monotonic()

    def heartbeat_age_seconds(self) -> float:
        """Seconds since it last did something, waiting included."""
        return time.monotonic() - self._turned

    async def ping(self) -> None:
        """Raises Unavailable unless the broker answers this consumer."""
        reader = self._reader
        if reader is None:
            raise Unavailable("the consumer is not connected", code="kafka")
        await asyncio.to_thread(reader.ping)

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask `run` to finish; what is not kept by then is read again at the next start."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`; whatever breaks, it starts again from what was acknowledged."""
        with ThreadPoolExecutor(1, thread_name_prefix=self._name) as thread:
            loop = asyncio.get_running_loop()

            async def apart(call: Callable[..., Any], *arguments: Any) -> Any:
                return await loop.run_in_executor(thread, call, *arguments)

            while not self._stopping.is_set():
                try:
                    await self._read(apart)
                except Exception as error:  # noqa: BLE001 - nothing was acknowledged: starting again loses nothing
                    if not self._stopping.is_set():
                        log.warning(
                            "the consumer starts again", error=type(error).__name__, reason=str(error)
                        )
                self._beat()
                await self._pause()

    async def _read(self, apart: Callable[..., Awaitable[Any]]) -> None:
        def join() -> Reader:
            return Reader(
                self._name,
                self._kafka,
                self._group,
                self._topics,
                self._metrics,
                beat=self._beat,
                stopping=self._stopping.is_set,
            )

        reader: Reader = await apart(join)
        try:
            while not self._stopping.is_set():
                self._beat()
                items = await apart(reader.fetch, self._batching.records, self._batching.wait_seconds)
                self._reader = reader  # only now: one that is refused at once was never connected
                if items and await self._kept(items, lambda: apart(reader.idle)):
                    await apart(reader.acknowledge, items)
        finally:
            self._reader = None
            await apart(reader.close)

    async def _kept(self, items: Sequence[Item], idle: Callable[[], Awaitable[None]]) -> bool:
        """Whether what can be kept of `items` was; False when stopped before."""
        records = [item.record for item in items]
        for record in records:
            if record.unreadable:
                self._metrics.unreadable.labels(record.topic).inc()
                log.error(
                    "something in a record cannot be read",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    reason=record.unreadable,
                )
        # Of a batch that cannot be unpacked nothing is left to keep: it must not pass for tombstones.
        whole = [r for r in records if not r.unreadable or r.value is not None or r.key is not None]
        self._metrics.in_flight.set(len(whole))
        keeping = asyncio.ensure_future(self._keeping.all(whole))
        try:
            while not (await asyncio.wait({keeping}, timeout=_IDLE_SECONDS))[0]:
                await idle()
            return keeping.result()
        finally:
            keeping.cancel()
            self._metrics.in_flight.set(0)

    def _beat(self) -> None:
        self._turned = time.monotonic()

    async def _pause(self, seconds: float = _RETRY_SECONDS) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
