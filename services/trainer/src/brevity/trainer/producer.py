"""Writing to Kafka: returns once every replica in sync has the events."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from brevity.common.errors import Unavailable
from brevity.common.events import TrainingStatus, encode
from brevity.common.events.base import Event
from brevity.common.kafka.client import ask, producer_config
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
        ask(self._producer, TrainingStatus.topic)

    def send(self, events: Sequence[tuple[Event, datetime]]) -> None:
        """Write events with their times. Raises Unavailable: then sending all again is harmless, their ids are the same."""
        left, failures, done = len(events), [], threading.Event()

        def delivered(error: Any, _message: Any) -> None:
            nonlocal left
            left -= 1
            if error is not None:
                failures.append(str(error.str()))
            if not left:
                done.set()

        try:
            for event, when in events:
                record = encode(event, source="trainer", time=when)
                self._producer.produce(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    on_delivery=delivered,
                )
        except (BufferError, KafkaException) as error:
            raise Unavailable(
                f"Kafka takes no more just now: {type(error).__name__}", code="kafka"
            ) from error
        deadline = time.monotonic() + _ACK_SECONDS + 5
        while events and not done.is_set() and time.monotonic() < deadline:
            self._producer.poll(0.05)
        if failures or (events and not done.is_set()):
            raise Unavailable(
                f"Kafka did not take an event: {failures[0] if failures else 'no answer'}", code="kafka"
            )
