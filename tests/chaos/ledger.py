"""Counting what is on the topics after a run: the one place that decides whether anything was lost or doubled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, TopicPartition

from brevity.common.settings import KafkaSettings
from tests.chaos.history import Place


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    value: bytes
    event_id: str
    place: Place = ("", -1, -1)


def read_topic(
    kafka: KafkaSettings, topic: str, *, timeout_seconds: float = 30.0, committed: bool = True
) -> list[Entry]:
    """Every committed record of `topic` that is there now, partition by partition; or all, of aborted transactions too."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": "chaos-ledger",
            "enable.auto.commit": False,
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=timeout_seconds).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        entries: list[Entry] = []
        unfinished = set(partitions)
        while unfinished:
            message = consumer.poll(timeout_seconds)
            if message is None:
                raise TimeoutError(
                    f"{topic}: no answer for {timeout_seconds} s, partitions {sorted(unfinished)} not read to their end"
                )
            error = message.error()
            if error is not None:
                if error.code() != -191:  # partition EOF
                    raise KafkaException(error)
                unfinished.discard(message.partition())
                continue
            names = [value for name, value in message.headers() or [] if name == "ce_id"]
            event_id = names[-1] if names else b""
            assert isinstance(event_id, bytes)
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            entries.append(
                Entry(
                    (message.key() or b"").decode(),
                    message.value() or b"",
                    event_id.decode(),
                    (topic, partition, offset),
                )
            )
        return entries
    finally:
        consumer.close()


@dataclass(slots=True)
class Verdict:
    """What is wrong with a topic, by key; empty when each expected key is there exactly once and nothing else is."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.unexpected)

    def __str__(self) -> str:
        return (
            f"{len(self.lost)} lost, {len(self.doubled)} doubled, {len(self.unexpected)} unexpected: "
            + ", ".join([*self.lost[:5], *self.doubled[:5], *self.unexpected[:5]])
        )


def judge(expected: Iterable[str], seen: Iterable[str]) -> Verdict:
    """Compare the keys that must be there with those that are."""
    wanted, counts = set(expected), Counter(seen)
    return Verdict(
        lost=sorted(wanted - counts.keys()),
        doubled=sorted(key for key, count in counts.items() if count > 1),
        unexpected=sorted(counts.keys() - wanted),
    )


def rejections(entries: Iterable[Entry], keys_by_origin: dict[tuple[int, int], str]) -> list[tuple[str, str]]:
    """(submitted key, code) of each rejection, found by the submission's partition and offset."""
    found: list[tuple[str, str]] = []
    for entry in entries:
        event = json.loads(entry.value)
        origin = event["origin"]
        found.append((keys_by_origin.get((origin["partition"], origin["offset"]), entry.key), event["code"]))
    return found
