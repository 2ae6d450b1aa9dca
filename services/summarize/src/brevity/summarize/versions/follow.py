"""Follows `models.promoted`: from the beginning of the compacted topic at start, then live."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from brevity.common.errors import Fatal, Rejected, Unavailable
from brevity.common.events import ModelPromoted, decode
from brevity.common.kafka.client import base_config
from brevity.common.kafka.message import without_headers
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

_ANSWER_SECONDS = 10.0
_POLL_SECONDS = 0.2
_RETRY_SECONDS = 1.0

Apply = Callable[[ModelPromoted | None], object]
"""Serves a promotion. Raises Unavailable to be called again; Fatal when nothing can be served."""


@dataclass
class _Following:
    """Who is told of an engine's promotions; `pending`: what is wanted has not been applied yet."""

    apply: Apply
    latest: ModelPromoted | None = None
    pending: bool = True
    retry_at: float = 0.0


class Follower:
    """Calls each `apply` on a thread of its own, first with the last promotion of its engine, or None; then with newer ones.

    They are called one after another: models are loaded one at a time. When several promotions are waiting, the last alone
    is applied. With Kafka away it waits and goes on; whatever is in service stays there meanwhile.

    Args:
        applies: Each with the engine whose promotions are for it.
        idle: Called several times a second.
    """

    def __init__(
        self, kafka: KafkaSettings, applies: Iterable[tuple[str, Apply]], idle: Callable[[], None]
    ) -> None:
        self._kafka = kafka
        self._following: dict[str, list[_Following]] = defaultdict(list)
        for engine, apply in applies:
            self._following[engine].append(_Following(apply))
        self._idle = idle
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follow-promotions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except Unavailable as error:
                log.warning("promotions cannot be read", reason=error.message)
            except Exception:
                log.exception("following promotions starts again")
            self._stopping.wait(_RETRY_SECONDS)

    def _follow(self) -> None:
        consumer: Any = Consumer(
            {
                **base_config(self._kafka),
                "group.id": f"brevity.promotions.{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 100,
            }
        )
        try:
            places = self._places(consumer)
            consumer.assign(places)
            at_end: set[int] = set()
            while not self._stopping.is_set():
                message = consumer.poll(_POLL_SECONDS)
                self._idle()
                if message is not None:
                    self._take(message, at_end)
                if len(at_end) == len(places):
                    self._apply_pending()
        finally:
            consumer.close()

    def _places(self, consumer: Any) -> list[TopicPartition]:
        topic = ModelPromoted.topic
        try:
            found = consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic]
        except KafkaException as error:
            raise Unavailable(f"Kafka does not answer: {error.args[0].str()}", code="kafka") from error
        if not found.partitions:
            raise Unavailable(
                f"there is no topic {topic}", code="kafka", remedy="Run `brevity topics apply`."
            )
        return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in found.partitions]

    def _take(self, message: Any, at_end: set[int]) -> None:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # pyright: ignore[reportPrivateUsage]
                at_end.add(message.partition())
                return
            raise Unavailable(f"promotions cannot be read: {error.str()}", code="kafka")
        at_end.discard(message.partition())
        following = self._following.get((message.key() or b"").decode("utf-8", "replace"), ())
        if not following:
            return
        if message.value() is None:  # a tombstone: back to the engine's own model
            for one in following:
                one.latest, one.pending = None, True
            return
        record = without_headers(message)
        try:
            promotion = decode(ModelPromoted, record)
        except Rejected as wrong:
            log.error("a promotion cannot be read", offset=record.offset, reason=wrong.message)
            return
        for one in following:
            if one.latest is not None and promotion.promoted_at <= one.latest.promoted_at:
                continue  # written again by a trainer that went on after a crash: old news
            one.latest, one.pending = promotion, True

    def _apply_pending(self) -> None:
        for one in [one for ones in self._following.values() for one in ones]:
            if one.pending and time.monotonic() >= one.retry_at and not self._stopping.is_set():
                one.pending = not _applied(one)
                one.retry_at = time.monotonic() + (_RETRY_SECONDS if one.pending else 0)


def _applied(one: _Following) -> bool:
    """Whether `apply` is done with what is wanted; False to try again."""
    try:
        one.apply(one.latest)
    except Unavailable as error:
        log.warning("a promotion waits", reason=error.message)
        return False
    except Fatal as error:
        log.error("nothing can be served", code=error.code, reason=error.message, remedy=error.remedy)
        return False
    except Exception:  # those of other engines must not wait for it
        log.exception("a promotion cannot be applied")
        return False
    return True
