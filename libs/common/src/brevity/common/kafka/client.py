"""Client configurations, in one place: what every consumer and producer of the platform must agree on."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from confluent_kafka import KafkaException

from brevity.common.errors import Unavailable
from brevity.common.kafka.topics import SUBMITTED_MAX_BYTES
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

Config = dict[str, Any]

MAX_MESSAGE_BYTES = SUBMITTED_MAX_BYTES + 1_048_576
"""Above the largest topic's limit: the broker is to refuse a record, by its topic's own rule, not the client."""

UNPACKED_MAX_BYTES = 4 * MAX_MESSAGE_BYTES
"""Most that a compressed batch may unpack to. librdkafka guesses the size of a zstd batch that does not tell it, and guesses
again three times as large, so that a record of the largest size needs up to three times its room."""

_ASK_SECONDS = 5.0


def base_config(kafka: KafkaSettings) -> Config:
    """What every client needs: the address, the operator's own settings, logs through ours."""
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "reconnect.backoff.max.ms": 2_000,
        # Lost connections are retried by the library and shown by readiness; one line each is noise.
        "log.connection.close": False,
        "logger": _Logger(),
        **kafka.client_config,
    }


def ask(client: Any, topic: str) -> None:
    """Ask the broker for `topic` by a producer or consumer of confluent-kafka. Raises Unavailable when it does not answer."""
    try:
        found = client.list_topics(topic, timeout=_ASK_SECONDS).topics[topic]
    except KafkaException as error:
        raise Unavailable(f"Kafka does not answer: {error.args[0].str()}", code="kafka") from error
    if found.error is not None:
        raise Unavailable(f"Kafka does not answer: {found.error.str()}", code="kafka")


def consumer_config(
    kafka: KafkaSettings, group: str, *, instance_id: str | None = None, session_timeout_seconds: float = 10.0
) -> Config:
    """A read_committed consumer that never commits by itself and gives partitions up cooperatively.

    With `instance_id` the membership is static: a restart within the session timeout moves no partition.
    """
    static = {"group.instance.id": instance_id} if instance_id else {}
    return {
        **base_config(kafka),
        "group.id": group,
        **static,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(session_timeout_seconds * 1000),
        "heartbeat.interval.ms": min(1_000, int(session_timeout_seconds * 1000 / 4)),
        "max.poll.interval.ms": max(300_000, int(session_timeout_seconds * 1000)),
        "fetch.message.max.bytes": 4 << 20,
        "fetch.max.bytes": max(16 << 20, MAX_MESSAGE_BYTES),
        "receive.message.max.bytes": UNPACKED_MAX_BYTES,
        "queued.max.messages.kbytes": 32_768,
        "fetch.wait.max.ms": 50,
    }


def producer_config(kafka: KafkaSettings) -> Config:
    """An idempotent producer that waits for every replica in sync."""
    return {
        **base_config(kafka),
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 5,
        "compression.type": "lz4",
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "queue.buffering.max.kbytes": 262_144,
    }


def transactional_config(kafka: KafkaSettings, group: str, *, instance_id: str | None = None) -> Config:
    """A transactional producer of `group`.

    The transactional id is the instance's own, so that its restart aborts what it left open; stale instances are
    fenced by the consumer group's generation (KIP-447), not by this id. The timeout bounds how long readers wait
    behind a transaction whose instance died for good.
    """
    return {
        **producer_config(kafka),
        "transactional.id": f"{group}.{instance_id or uuid.uuid4().hex}",
        "transaction.timeout.ms": 15_000,
        "delivery.timeout.ms": 14_000,
        "linger.ms": 0,
    }


class _Logger:
    """Takes librdkafka's log lines; its client calls `log` with a level of Python's."""

    def log(self, level: int, message: str, *arguments: Any) -> None:
        text = message % arguments if arguments else message
        if level >= logging.WARNING:
            log.warning("kafka client", detail=text)
        else:
            log.debug("kafka client", detail=text)
