"""Makes the broker agree with the declared topics; applying twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,  # pyright: ignore[reportPrivateImportUsage]
    ConfigEntry,  # pyright: ignore[reportPrivateImportUsage]
    ConfigResource,  # pyright: ignore[reportPrivateImportUsage]
    NewPartitions,  # pyright: ignore[reportPrivateImportUsage]
    NewTopic,  # pyright: ignore[reportPrivateImportUsage]
    ResourceType,  # pyright: ignore[reportPrivateImportUsage]
)

from brevity.common.errors import Fatal, Unavailable
from brevity.common.kafka.client import base_config
from brevity.common.kafka.topics import TOPICS, Topic
from brevity.common.settings import KafkaSettings

_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to one topic; `unchanged` when nothing was."""

    topic: str
    action: Literal["created", "configured", "partitions added", "unchanged"]
    detail: str = ""


def apply_topics(kafka: KafkaSettings, topics: Sequence[Topic] = TOPICS) -> list[Change]:
    """Create what is missing, correct configuration that differs, add partitions where there are too few.

    Partitions are never removed and topics never deleted.

    Raises:
        Unavailable: The broker does not answer.
        Fatal: The broker refuses a change; the message names the topic and the reason.
    """
    admin: Any = AdminClient(base_config(kafka))
    try:
        existing = admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
    except KafkaException as error:
        raise Unavailable(
            f"Kafka at {kafka.bootstrap_servers} does not answer",
            code="kafka",
            remedy="Start it (`make run`), or set BREVITY_KAFKA_BOOTSTRAP_SERVERS to where it is.",
        ) from error
    missing = [topic for topic in topics if topic.name not in existing]
    changes = _create(admin, missing, kafka.replication_factor)
    for topic in topics:
        if topic.name not in existing:
            continue
        changes += _grow(admin, topic, len(existing[topic.name].partitions))
        changes += _configure(admin, topic)
    touched = {change.topic for change in changes}
    changes += [Change(topic.name, "unchanged") for topic in topics if topic.name not in touched]
    return changes


def _create(admin: Any, topics: Sequence[Topic], replication_factor: int) -> list[Change]:
    if not topics:
        return []
    wanted = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=replication_factor,
            config=topic.config(),
        )
        for topic in topics
    ]
    for name, future in admin.create_topics(wanted).items():
        _wait(name, future, unless=KafkaError.TOPIC_ALREADY_EXISTS)
    return [Change(topic.name, "created", f"{topic.partitions} partitions") for topic in topics]


def _grow(admin: Any, topic: Topic, partitions: int) -> list[Change]:
    if partitions >= topic.partitions:
        return []
    for name, future in admin.create_partitions([NewPartitions(topic.name, topic.partitions)]).items():
        _wait(name, future)
    return [Change(topic.name, "partitions added", f"{partitions} to {topic.partitions}")]


def _configure(admin: Any, topic: Topic) -> list[Change]:
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    current: dict[str, ConfigEntry] = {}
    for future in admin.describe_configs([resource]).values():
        current = _wait(topic.name, future)
    differing = {
        name: value
        for name, value in topic.config().items()
        if name not in current or current[name].value != value
    }
    if not differing:
        return []
    wanted = ConfigResource(
        ResourceType.TOPIC,
        topic.name,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in differing.items()
        ],
    )
    for future in admin.incremental_alter_configs([wanted]).values():
        _wait(topic.name, future)
    return [
        Change(topic.name, "configured", ", ".join(f"{name}={value}" for name, value in differing.items()))
    ]


def _wait(topic: str, future: Future[Any], *, unless: int | None = None) -> Any:
    try:
        return future.result(_TIMEOUT_SECONDS)
    except KafkaException as error:
        cause = error.args[0]
        if unless is not None and cause.code() == unless:
            return None
        raise Fatal(
            f"the broker refuses topic {topic!r}: {cause.str()}",
            code="topic_refused",
            remedy="Check the broker's limits and your rights on it.",
        ) from error
