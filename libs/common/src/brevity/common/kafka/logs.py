"""The logs behind partitions, as the broker knows them: which log it is, where it begins and ends.

A position means nothing without the log it belongs to. A topic that was deleted and made again has another id, and its
offsets name other records; a log cut short by an unclean election or a restored snapshot ends before the position, or
holds other records below it. So a topic's id is noted with each committed position, in the offset's metadata beside
the crash guard's marker (which ignores it, as earlier versions do), and the leader's epoch in the commit itself.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from brevity.common.errors import Unavailable
from brevity.common.kafka.client import base_config
from brevity.common.kafka.topic_ids import TopicIds
from brevity.common.settings import KafkaSettings

Place = tuple[str, int]

_TIMEOUT_SECONDS = 5.0


class WentBack(Exception):
    """A log is no longer the one that was read: positions in it have to be found again.

    Attributes:
        topic: Whose.
        another_log: The topic was deleted and made again; else records at the log's end are gone or replaced.
    """

    def __init__(self, topic: str, reason: str, *, another_log: bool = False) -> None:
        super().__init__(reason)
        self.topic = topic
        self.another_log = another_log


@dataclass(frozen=True, slots=True)
class Log:
    """One partition's log.

    Attributes:
        topic_id: Another one when the topic was deleted and made again.
        start: Its first offset.
        end: Where it ends for readers of committed records; -1 while a leader that was just elected cannot tell.
    """

    topic_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Look:
    """What the broker said at one time; a partition that is missing does not exist just now.

    Attributes:
        committed: The group's committed positions; -1 without one.
        known: What the asker held to be committed before it asked.
    """

    logs: Mapping[Place, Log]
    committed: Mapping[Place, int] = field(default_factory=dict[Place, int])
    known: Mapping[Place, int] = field(default_factory=dict[Place, int])


class BrokerLogs:
    """Asks the broker, with clients of its own; safe to share between threads.

    Its methods raise Unavailable when the broker does not answer; the next call begins with new clients, which nothing
    that was believed before can mislead.
    """

    def __init__(self, kafka: KafkaSettings, group: str) -> None:
        self._kafka = kafka
        self._group = group
        self._ids = TopicIds(kafka)
        self._asking = threading.Lock()
        self._reader: Any = None

    def topic_ids(self, topics: Collection[str], *, seconds: float = _TIMEOUT_SECONDS) -> dict[str, str]:
        """The ids of those topics that exist."""
        return self._ids.of(topics, seconds)

    def look(self, places: Collection[Place], known: Mapping[Place, int] | None = None) -> Look:
        """The logs of `places` and, when `known` is given, the group's committed positions in them.

        A position that a transaction is about to move is waited for, so that it is never told too low.
        """
        ids = self.topic_ids({topic for topic, _ in places})
        there = [place for place in places if place[0] in ids]
        with self._asking:
            try:
                if self._reader is None:
                    self._reader = Consumer(
                        {
                            **base_config(self._kafka),
                            "group.id": self._group,  # never joined: only asked for its positions
                            "enable.auto.commit": False,
                            "isolation.level": "read_committed",
                        }
                    )
                logs = {place: Log(ids[place[0]], *self._bounds(place)) for place in there}
                committed = self._committed(there) if known and there else {}
            except KafkaException as error:
                reader, self._reader = self._reader, None
                if reader is not None:
                    reader.close()
                raise Unavailable(
                    f"Kafka does not tell its logs now: {error.args[0].str()}", code="kafka"
                ) from error
        return Look(logs, committed, dict(known or {}))

    def close(self) -> None:
        """Let go of the clients."""
        self._ids.close()
        with self._asking:
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()

    def _bounds(self, place: Place) -> tuple[int, int]:
        try:
            bounds = self._reader.get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].name() == "OFFSET_NOT_AVAILABLE":
                return 0, -1  # an open transaction may keep it so for long
            raise
        if bounds is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # pyright: ignore[reportPrivateUsage]
        return bounds

    def _committed(self, places: Collection[Place]) -> dict[Place, int]:
        wanted = [TopicPartition(*place) for place in places]
        answer = self._reader.committed(wanted, timeout=_TIMEOUT_SECONDS)
        return {
            (place.topic, place.partition): max(-1, place.offset) for place in answer if place.error is None
        }

    def divergence(self, place: Place, offset: int, epoch: int | None) -> int | None:
        """Up to where the log is still the one in which `offset` follows a record of leader epoch `epoch`; None when
        the broker cannot tell."""
        if epoch is None or epoch < 0:
            return None
        # The client asks the broker for the epoch's last offset and goes there; by what it reads first we learn it.
        probe: Any = Consumer(
            {
                **base_config(self._kafka),
                "group.id": f"brevity.probe.{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 50,
            }
        )
        try:
            probe.assign([TopicPartition(*place, offset, "", epoch)])
            message = probe.poll(2 * _TIMEOUT_SECONDS)
            if message is None:
                return None
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # pyright: ignore[reportPrivateUsage]
                return None
            return min(offset, message.offset())
        finally:
            probe.close()


def with_log(note: str, topic_id: str) -> str:
    """The crash guard's note ("" for none) with the id of the topic that the position belongs to."""
    if not topic_id:
        return note
    return json.dumps({**(json.loads(note) if note else {}), "t": topic_id}, separators=(",", ":"))


def log_of(metadata: str | None) -> str:
    """The topic id in a committed position's metadata; "" where there is none."""
    try:
        noted = json.loads(metadata or "{}")["t"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return noted if isinstance(noted, str) else ""
