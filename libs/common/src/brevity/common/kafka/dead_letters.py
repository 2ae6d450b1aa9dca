"""Dead letters: rejected submissions and failed summaries, read from their topics and replayed.

A replay writes the original bytes, with their original coordinates and a fresh attempt count, to the retry topic of
the group that gave them up: the work is then exactly what it was at first, and an effect that was already there stays
the only one. What has been replayed is known by a header on that topic, so that nothing is replayed twice by accident.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import DocumentRejected, Event, ObjectRef, Origin, SummaryFailed, decode
from brevity.common.kafka.client import MAX_MESSAGE_BYTES, base_config
from brevity.common.kafka.message import record_of
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.retry import REPLAY_HEADER, next_attempt
from brevity.common.kafka.topics import INGEST_GROUP, SUMMARIZE_GROUP, retry_topic
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.common.storage.objects import ObjectStore

log = get_logger(__name__)

_TIMEOUT_SECONDS = 15.0

_RETRY_TOPIC = {
    DocumentRejected.topic: retry_topic(INGEST_GROUP),
    SummaryFailed.topic: retry_topic(SUMMARIZE_GROUP),
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record given up on.

    Attributes:
        id: The dead letter's event id.
        topic: Where it lies: `documents.rejected` or `summaries.failed`.
        replayed: Whether it has been replayed.
    """

    id: str
    topic: str
    tenant: str | None
    document_id: str | None
    code: str
    message: str
    remedy: str
    attempts: int
    original: ObjectRef | None
    origin: Origin
    timestamp_ms: int
    replayed: bool = False


def list_dead_letters(kafka: KafkaSettings) -> list[DeadLetter]:
    """All dead letters still kept, oldest first, in memory: for few.

    Raises:
        Unavailable: The broker does not answer.
    """
    return sorted(scan_dead_letters(kafka), key=lambda letter: letter.timestamp_ms)


def scan_dead_letters(kafka: KafkaSettings) -> Iterator[DeadLetter]:
    """All dead letters still kept, one at a time, in no order; each topic is read once.

    Raises:
        Unavailable: The broker does not answer.
    """
    replayed = {
        name
        for topic in _RETRY_TOPIC.values()
        for record in read_topic(kafka, topic)
        if (name := record.header(REPLAY_HEADER))
    }
    for model in (DocumentRejected, SummaryFailed):
        for record in read_topic(kafka, model.topic):
            if (letter := _letter(model, record, replayed)) is not None:
                yield letter


def replay(kafka: KafkaSettings, store: ObjectStore, letters: Iterable[DeadLetter]) -> Iterator[DeadLetter]:
    """Send each letter's original back to where it failed; yields each once the broker has it.

    Raises:
        Rejected: A letter keeps no original, or the object store has lost it.
        Unavailable: The broker or the object store does not answer.
    """
    producer = AcknowledgedProducer(kafka, retry_topic(INGEST_GROUP))
    for letter in letters:
        if letter.original is None:
            raise Rejected(
                f"dead letter {letter.id} keeps no original",
                code="nothing_to_replay",
                remedy="Submit the document again.",
            )
        value = store.get(
            letter.original.object_key, max_bytes=MAX_MESSAGE_BYTES, bucket=letter.original.bucket
        )
        producer.send([_replayed(letter, value)])
        yield letter


def _replayed(letter: DeadLetter, value: bytes) -> OutRecord:
    origin = letter.origin
    key = (letter.document_id or "").encode()
    first = Record(
        origin.topic,
        origin.partition,
        origin.offset,
        key,
        value,
        timestamp_ms=letter.timestamp_ms,
        log=origin.log or "",
    )
    return next_attempt(
        first,
        _RETRY_TOPIC[letter.topic],
        attempt=1,
        not_before=0.0,
        extra=((REPLAY_HEADER, letter.id.encode()),),
    )


def _letter(model: type[Event], record: Record, replayed: set[str]) -> DeadLetter | None:
    """None for a record that is erased, or that is none of ours: it must not hide the others."""
    if record.value is None:
        return None
    try:
        event: Any = decode(model, record)
    except Rejected as error:
        log.error(
            "dead letter cannot be read",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=error.message,
        )
        return None
    name = record.header("ce_id") or f"{record.topic}/{record.partition}/{record.offset}"
    return DeadLetter(
        name,
        record.topic,
        event.tenant,
        event.document_id,
        event.code,
        event.message,
        event.remedy,
        event.attempts,
        event.original,
        event.origin,
        int(event.submitted_at.timestamp() * 1000),
        name in replayed,
    )


def read_topic(kafka: KafkaSettings, topic: str) -> Iterator[Record]:
    """Every committed record that is on `topic` now, partition by partition.

    Raises:
        Unavailable: The broker does not answer, or the topic is not there.
    """
    consumer: Any = Consumer(
        {
            **base_config(kafka),
            "group.id": f"brevity.reader.{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,  # the end of a partition is only told when a fetch has waited in vain
            "fetch.message.max.bytes": 4 << 20,
        }
    )
    try:
        described = consumer.list_topics(topic, timeout=_TIMEOUT_SECONDS).topics[topic]
        if described.error is not None:
            raise KafkaException(described.error)
        unread = set(described.partitions)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in unread])
        while unread:
            message = consumer.poll(_TIMEOUT_SECONDS)
            if message is None:
                raise Unavailable(f"Kafka does not answer for {topic}", code="kafka")
            if message.error() is None:
                yield record_of(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:  # pyright: ignore[reportPrivateUsage]
                unread.discard(message.partition())
            elif not message.error().retriable():
                raise KafkaException(message.error())
    except KafkaException as error:
        raise Unavailable(
            f"cannot read {topic} from {kafka.bootstrap_servers}: {error.args[0].str()}",
            code="kafka",
            remedy="Start Kafka (`make run`), apply the topics (`brevity topics apply`), or correct BREVITY_KAFKA_BOOTSTRAP_SERVERS.",
        ) from error
    finally:
        consumer.close()
