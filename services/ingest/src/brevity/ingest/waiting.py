"""Waiting for what becomes of documents: the outcome topics, read from their present ends."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from brevity.common.errors import Unavailable
from brevity.common.kafka.client import base_config
from brevity.common.settings import KafkaSettings

TOPICS = ("summaries.completed", "summaries.failed", "documents.rejected")
_ANSWER_SECONDS = 15.0


def watch(kafka: KafkaSettings) -> Any:
    """A read_committed consumer placed at the present end of every outcome topic. Raises Unavailable."""
    consumer: Any = Consumer(
        {
            **base_config(kafka),
            "group.id": f"brevity.submit.{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    try:
        places: list[TopicPartition] = []
        for topic in TOPICS:
            for partition in consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic].partitions:
                place = TopicPartition(topic, partition)
                _, place.offset = consumer.get_watermark_offsets(place, timeout=_ANSWER_SECONDS)
                places.append(place)
    except KafkaException as error:
        raise Unavailable(f"Kafka does not answer: {error.args[0].str()}", code="kafka") from error
    consumer.assign(places)
    return consumer


def outcomes(consumer: Any, names: set[str], tenant: str, seconds: float) -> Iterator[dict[str, Any]]:
    """The outcome of each of `names` as it becomes visible.

    Raises:
        Unavailable: None came for `seconds` while some are missing.
    """
    missing = set(names)
    deadline = time.monotonic() + seconds
    try:
        while missing:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{len(missing)} of {len(names)} documents have no outcome after {seconds:g} s",
                    code="no_outcome",
                    remedy="They go on by themselves. A document sent again unchanged has no new outcome.",
                )
            message = consumer.poll(0.5)
            if message is None or message.error() is not None or not message.value():
                continue  # nothing, or an erased document
            event = json.loads(message.value())
            if event.get("document_id") in missing and event.get("tenant") == tenant:
                missing.discard(event["document_id"])
                deadline = time.monotonic() + seconds
                yield event
    finally:
        consumer.close()
