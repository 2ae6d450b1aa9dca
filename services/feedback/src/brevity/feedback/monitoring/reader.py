"""All partitions of some topics from places of one's own, without a consumer group: the places lie with the state."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from brevity.common.errors import Unavailable
from brevity.common.kafka.client import consumer_config
from brevity.common.kafka.message import record_of
from brevity.common.kafka.record import Record
from brevity.common.settings import KafkaSettings

Place = tuple[str, int]
"""Topic and partition."""

_METADATA_SECONDS = 10.0


class TopicReader:
    """Reads every partition there is when it is made; partitions added later are read by the next one. Calls block."""

    def __init__(self, kafka: KafkaSettings, topics: Sequence[str], places: Mapping[Place, int]) -> None:
        """Begin at `places` (the next offset of each partition), at the oldest record where none is given.

        Raises Unavailable when Kafka does not answer.
        """
        # A group is asked for by the client; none is ever joined and nothing is committed.
        self._consumer: Any = Consumer(consumer_config(kafka, f"brevity.feedback.drift.{uuid.uuid4().hex}"))
        try:
            self._consumer.assign(
                [
                    TopicPartition(topic, number, places.get((topic, number), -2))  # -2: the oldest
                    for topic in topics
                    for number in self._partitions(topic)
                ]
            )
        except (KafkaException, Unavailable) as error:
            self.close()
            raise Unavailable(f"Kafka does not answer: {type(error).__name__}", code="kafka") from error

    def _partitions(self, topic: str) -> list[int]:
        found = self._consumer.list_topics(topic, timeout=_METADATA_SECONDS).topics[topic]
        if found.error is not None or not found.partitions:
            raise Unavailable(f"the topic {topic} is not there", code="kafka")
        return sorted(found.partitions)

    def read(self, most: int, wait_seconds: float) -> list[Record]:
        """At most `most` records, oldest first by their time; [] when none came within `wait_seconds`.

        Raises Unavailable for an error that reading again from the same place may mend.
        """
        records: list[Record] = []
        for message in self._consumer.consume(most, wait_seconds):
            error = message.error()
            if error is None:
                records.append(record_of(message))
            elif error.code() not in (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN):
                raise Unavailable(f"Kafka cannot be read: {error.name()}", code="kafka")
        # Topics are read at different speeds; their records belong side by side as they were written.
        return sorted(records, key=lambda r: (r.timestamp_ms, r.topic, r.partition, r.offset))

    def close(self) -> None:
        self._consumer.close()
