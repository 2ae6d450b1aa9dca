"""Reads topics for a consumer that acknowledges records itself: the stage's own care for positions, without transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.batch_header import batch_header
from brevity.common.kafka.client import consumer_config
from brevity.common.kafka.inflight import Item, Partition
from brevity.common.kafka.intake import Intake
from brevity.common.kafka.log_watch import LogWatch
from brevity.common.kafka.logs import BrokerLogs, WentBack
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings, StageSettings

log = get_logger(__name__)

_POLL_SECONDS = 0.5
_IDLE_POLL_SECONDS = 0.1
_LOOK_SECONDS = 5.0
_TOPICS_SECONDS = 5.0
_PORTION, _MOST_BYTES = 50, 16 << 20


class Reader:
    """One membership in the group. Used by one thread, but for `ping`; what its methods raise ends it, and another one
    goes on from what was acknowledged.

    Args:
        beat: Called while waiting for the broker.
        stopping: Whether waiting for the broker is to be given up.
    """

    def __init__(
        self,
        name: str,
        kafka: KafkaSettings,
        group: str,
        topics: Sequence[str],
        metrics: ConsumerMetrics,
        *,
        beat: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._topics = list(topics)
        self._metrics = metrics
        self._spare: list[Item] = []
        self._unsaid: dict[Partition, tuple[int, int | None]] = {}
        self._went_back: WentBack | None = None
        self._config = consumer_config(kafka, group) | {
            "client.id": name,
            # What earlier versions' members speak: a group cannot be half eager and half cooperative.
            "partition.assignment.strategy": "roundrobin",
            "enable.partition.eof": True,
            "auto.offset.reset": "error",  # a position that the log does not have is never mended unseen
        }
        self._consumer: Any = Consumer(self._config)
        settings = StageSettings()
        self._logs = BrokerLogs(kafka, group)
        self._assignment = Assignment(
            self._consumer, self._logs, settings, "", metrics, beat=beat, stopping=stopping, eager=True
        )
        self._watch = LogWatch(self._logs, self._assignment.known, _LOOK_SECONDS)
        self._intake = Intake(
            self._assignment,
            settings,
            lambda topic, partition, offset: batch_header(kafka, topic, partition, offset),
            guarded=False,
        )
        self._subscribe()
        self._watch.start()

    def fetch(self, most: int, seconds: float) -> list[Item]:
        """Up to `most` records, and no more once they have 16 MiB: waits a moment for the first and `seconds` for the others."""
        if self._went_back is not None:
            self._begin_anew(self._went_back)
        self._look()
        self._assignment.resume()
        messages = self._consumer.consume(1, _POLL_SECONDS)
        deadline = time.monotonic() + seconds
        while messages and len(messages) < most and sum(map(len, messages)) < _MOST_BYTES:
            more = self._consumer.consume(
                min(_PORTION, most - len(messages)), max(0.0, deadline - time.monotonic())
            )
            if not more:
                break
            messages += more
        self._take(messages)
        spare, self._spare = self._spare, []
        return [item for item in spare if item.partition.owned]

    def idle(self) -> None:
        """Stay a member of the group while records are being kept; fetches nothing."""
        self._assignment.pause()
        self._take(self._consumer.consume(1, _IDLE_POLL_SECONDS))
        self._look()

    def acknowledge(self, items: Sequence[Item]) -> None:
        """Commit that `items` are kept; what the broker does not take now goes with the next ones."""
        for item in items:
            self._unsaid[item.partition] = item.offset + 1, item.epoch
        self._say()

    def ping(self) -> None:
        """Raises Unavailable unless a broker answers."""
        self._logs.topic_ids(self._topics, seconds=_TOPICS_SECONDS)

    def close(self) -> None:
        """Leave the group."""
        self._say()
        self._watch.close()
        self._consumer.close()

    def _subscribe(self) -> None:
        self._consumer.subscribe(
            self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
        )

    def _begin_anew(self, cause: WentBack) -> None:
        """As a stage does: all positions are found again, with a new client."""
        log.error("a log is no longer the one that was read: beginning anew", reason=str(cause))
        if cause.another_log:
            self._assignment.write_off()
        self._went_back = None
        self._spare, self._unsaid = [], {}
        before, self._consumer = self._consumer, Consumer(self._config)
        self._assignment.begin_anew(self._consumer)
        before.close()
        self._watch.take()
        self._subscribe()

    def _say(self) -> None:
        self._unsaid = {partition: last for partition, last in self._unsaid.items() if partition.owned}
        if self._unsaid:
            try:
                self._assignment.acknowledge(self._unsaid)
            except KafkaException as error:
                log.warning("positions cannot be committed now", reason=error.args[0].str())
            else:
                self._unsaid = {}

    def _look(self) -> None:
        self._say()
        look = self._watch.take()
        if look is not None:
            try:
                self._assignment.check(look)
            except WentBack as error:
                self._went_back = self._went_back or error
        lags = self._assignment.lag()
        for topic in self._topics:
            self._metrics.lag.labels(topic).set(lags.get(topic, 0))

    def _take(self, messages: Sequence[Any]) -> None:
        topics = {str(message.topic()) for message in messages if message.error() is None}
        try:
            if topics:
                self._assignment.verify(topics)
        except WentBack as error:
            # They may be the last that came of the old log; of the new one, they are read and kept once more.
            self._went_back = self._went_back or error
        for message in messages:
            try:
                self._spare += self._intake.items(message)
            except WentBack as error:
                self._went_back = self._went_back or error

    def _on_assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # of the client that was replaced
        self._assignment.take(partitions)
        log.info("partitions assigned", partitions=_names(partitions))

    def _on_revoke(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # of the client that was replaced
        self._assignment.drop(partitions)
        log.info("partitions revoked", partitions=_names(partitions))


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return [f"{place.topic}/{place.partition}" for place in partitions]
