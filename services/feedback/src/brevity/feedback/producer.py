"""Writing to Kafka: an idempotent producer that says of a batch whether the broker has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaException, Producer

from brevity.common.errors import Unavailable
from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.client import ask, producer_config
from brevity.common.kafka.record import Headers, OutRecord
from brevity.common.settings import KafkaSettings

_ACK_SECONDS = 20.0


class EventProducer:
    """Calls block; safe to share between threads."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._producer: Any = Producer(
            {**producer_config(kafka), "delivery.timeout.ms": int(_ACK_SECONDS * 1000)}
        )

    def ping(self) -> None:
        """Raises Unavailable unless Kafka answers for what this service writes."""
        ask(self._producer, FeedbackRecorded.topic)

    def send(self, records: Sequence[OutRecord]) -> None:
        """Return once every replica in sync has all of `records`.

        Raises:
            Unavailable: Some may not be there; sending all again is harmless, their ids are the same.
        """
        self._send([(record.topic, record.key, record.value, record.headers) for record in records])

    def erase(self, topic: str, keys: Sequence[str]) -> None:
        """Write a tombstone for each of `keys` on a compacted `topic`. Raises Unavailable."""
        self._send([(topic, key.encode(), None, ()) for key in keys])

    def _send(self, records: Sequence[tuple[str, bytes, bytes | None, Headers]]) -> None:
        batch = _Batch(len(records))
        try:
            for topic, key, value, headers in records:
                self._producer.produce(
                    topic, key=key, value=value, headers=list(headers), on_delivery=batch.delivered
                )
        except (BufferError, KafkaException) as error:
            raise Unavailable(
                f"Kafka takes no more just now: {type(error).__name__}", code="kafka"
            ) from error
        deadline = time.monotonic() + _ACK_SECONDS + 5
        while not batch.done.is_set() and time.monotonic() < deadline:
            self._producer.poll(0.05)
        if batch.failure or not batch.done.is_set():
            raise Unavailable(f"Kafka did not take an event: {batch.failure or 'no answer'}", code="kafka")


class _Batch:
    """What has become of the records of one call; callbacks run in whichever thread polls."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()
        self.failure: str | None = None
        self.done = threading.Event()
        if not count:
            self.done.set()

    def delivered(self, error: Any, message: Any) -> None:
        with self._lock:
            self._left -= 1
            if error is not None:
                self.failure = str(error.str())
            if not self._left:
                self.done.set()
