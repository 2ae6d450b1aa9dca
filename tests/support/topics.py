"""Fresh topics of one's own, and plain reading and writing of records, for tests of Kafka code."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,  # pyright: ignore[reportPrivateImportUsage]
    ConfigEntry,  # pyright: ignore[reportPrivateImportUsage]
    ConfigResource,  # pyright: ignore[reportPrivateImportUsage]
    ResourceType,  # pyright: ignore[reportPrivateImportUsage]
)

from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.topics import RETRY_PARTITIONS, Topic, retry_topic
from brevity.common.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class Lane:
    """A group with a source, a sink and its retry topic, that nobody else uses."""

    kafka: KafkaSettings
    group: str
    source: str
    sink: str

    @property
    def retry(self) -> str:
        return retry_topic(self.group)


def fresh_lane(
    kafka: KafkaSettings, partitions: int = 4, *, broker_time: bool = False, max_message_bytes: int = 4 << 20
) -> Lane:
    """With `broker_time` its source stands for a topic that outsiders write."""
    name = uuid.uuid4().hex[:10]
    lane = Lane(kafka, f"group-{name}", f"source-{name}", f"sink-{name}")
    apply_topics(
        kafka,
        [
            Topic(
                topic,
                (),
                (),
                "key",
                count,
                86_400_000,
                max_message_bytes=max_message_bytes,
                broker_time=theirs,
            )
            for topic, count, theirs in (
                (lane.source, partitions, broker_time),
                (lane.sink, partitions, False),
                (lane.retry, RETRY_PARTITIONS, False),
            )
        ],
    )
    return lane


def write(kafka: KafkaSettings, topic: str, values: Iterable[bytes], **options: Any) -> None:
    """Write values with their number as the key, where `options` names none."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 5})
    for number, value in enumerate(values):
        producer.produce(topic, value=value, **{"key": str(number).encode(), **options})
        producer.poll(0)
    assert producer.flush(30) == 0


def read(kafka: KafkaSettings, topic: str) -> list[Message]:
    """Every committed record of `topic` that is there now."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": "reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        found: list[Message] = []
        open_ones = set(partitions)
        while open_ones:
            message = consumer.poll(20)
            assert message is not None, f"{topic} cannot be read to its end"
            if message.error() is None:
                found.append(message)
            else:
                open_ones.discard(message.partition())
        return found
    finally:
        consumer.close()


def read_json(kafka: KafkaSettings, topic: str) -> list[dict[str, Any]]:
    """The JSON objects in `topic`; other tests of the same stack may have written anything beside them."""
    found: list[dict[str, Any]] = []
    for message in read(kafka, topic):
        with suppress(ValueError):
            value = json.loads(message.value() or b"")
            if isinstance(value, dict):
                found.append(value)
    return found


def eventually(what: str, condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def keep_writers_times(kafka: KafkaSettings, topic: str) -> None:
    """Have `topic` keep its writers' timestamps, so that two runs over the same input leave the same bytes."""
    admin: Any = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    entry = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=AlterConfigOpType.SET)
    wanted = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([wanted]).values():
        future.result(30)

    def kept() -> bool:
        (answer,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
        return answer.result(30)["message.timestamp.type"].value == "CreateTime"

    eventually("the broker keeps writers' times", kept)
    time.sleep(1)  # its logs take a moment more than what it tells
