"""Writing to Kafka outside of transactions: an idempotent producer that says of records whether the broker has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from confluent_kafka import KafkaException, Producer

from brevity.common.errors import Unavailable
from brevity.common.kafka.client import ask, producer_config
from brevity.common.kafka.record import Headers, OutRecord
from brevity.common.settings import KafkaSettings

_ACK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the broker put a record."""

    topic: str
    partition: int
    offset: int


class AcknowledgedProducer:
    """For what must be on a topic before work goes on. Calls block; safe to share between threads.

    Args:
        topic: The one that `ping` asks the broker about: one that this process writes.
    """

    def __init__(self, kafka: KafkaSettings, topic: str) -> None:
        self._producer: Any = Producer(
            {**producer_config(kafka), "delivery.timeout.ms": int(_ACK_SECONDS * 1000)}
        )
        self._topic = topic

    def ping(self) -> None:
        """Raises Unavailable unless Kafka answers for the topic."""
        ask(self._producer, self._topic)

    def send(self, records: Sequence[OutRecord]) -> list[Placed]:
        """Return once every replica in sync has all of `records`; tells where each lies, in their order.

        Raises:
            Unavailable: Some may not be there; sending all again is harmless where they carry ids.
        """
        return self._send([(record.topic, record.key, record.value, record.headers) for record in records])

    def erase(self, topic: str, keys: Sequence[str]) -> None:
        """Write a tombstone for each of `keys` on a compacted `topic`. Raises Unavailable."""
        self._send([(topic, key.encode(), None, ()) for key in keys])

    def _send(self, records: Sequence[tuple[str, bytes, bytes | None, Headers]]) -> list[Placed]:
        batch = _Batch(len(records))
        try:
            for number, (topic, key, value, headers) in enumerate(records):
                self._producer.produce(
                    topic,
                    key=key,
                    value=value,
                    headers=list(headers),
                    on_delivery=partial(batch.delivered, number),
                )
        except (BufferError, KafkaException) as error:
            raise Unavailable(
                f"Kafka takes no more just now: {type(error).__name__}", code="kafka"
            ) from error
        deadline = time.monotonic() + _ACK_SECONDS + 5
        while not batch.done.is_set() and time.monotonic() < deadline:
            self._producer.poll(0.05)
        if batch.failure or not batch.done.is_set():
            raise Unavailable(f"Kafka did not take a record: {batch.failure or 'no answer'}", code="kafka")
        return [batch.placed[number] for number in range(len(records))]


class _Batch:
    """What has become of the records of one call; callbacks run in whichever thread polls."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()
        self.failure: str | None = None
        self.placed: dict[int, Placed] = {}
        self.done = threading.Event()
        if not count:
            self.done.set()

    def delivered(self, number: int, error: Any, message: Any) -> None:
        with self._lock:
            self._left -= 1
            if error is not None:
                self.failure = str(error.str())
            else:
                self.placed[number] = Placed(message.topic(), message.partition(), message.offset())
            if not self._left:
                self.done.set()
