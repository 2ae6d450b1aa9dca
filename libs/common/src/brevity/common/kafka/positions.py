"""Where reading goes on in a log: at the committed position, or where the log no longer has it, and that told aloud."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import TopicPartition

from brevity.common.kafka.breaker import Breaker
from brevity.common.kafka.crash_guard import CrashGuard
from brevity.common.kafka.inflight import Partition
from brevity.common.kafka.logs import Log, log_of
from brevity.common.kafka.metrics import ConsumerMetrics, StageMetrics
from brevity.common.kafka.runtime import Logs
from brevity.common.observability.logging import get_logger
from brevity.common.settings import StageSettings

log = get_logger(__name__)

Expired = Callable[[str, int, int, int], None]
"""Is told topic, partition, first and last offset of records that were gone when their turn came."""


class Positions:
    """Makes partitions at the position where their records go on.

    Args:
        logs: Asks the broker about the logs.
        on_expired: See `Expired`.
    """

    def __init__(
        self,
        logs: Logs,
        settings: StageSettings,
        retry_topic: str,
        metrics: StageMetrics | ConsumerMetrics,
        on_expired: Expired | None,
    ) -> None:
        self._logs = logs
        self._settings = settings
        self._retry_topic = retry_topic
        self._metrics = metrics
        self._on_expired = on_expired
        self._made_again: dict[tuple[str, int], str] = {}  # what was told, by the id of the new topic

    def resumed(self, committed: TopicPartition, found: Log | None) -> Partition:
        """The partition at the committed position, or where that is not to be had in its log."""
        topic, number, offset = committed.topic, committed.partition, committed.offset
        if found is None:
            # Deleted, or not known to this broker yet: nothing is taken of it until `check` has seen it.
            gone = self._partition(topic, number, max(0, offset), "", None)
            gone.owned = False
            return gone
        noted, epoch = log_of(committed.metadata), committed.leader_epoch
        if noted and found.topic_id and noted != found.topic_id:
            self.made_again(topic, number, offset, found.topic_id, found.start)
            return self._partition(topic, number, found.start, found.topic_id, None)
        if 0 <= found.end < offset:
            position = self._parted(topic, number, offset, epoch, found)
            self._tell_reset(topic, number, offset, position, "the log ends before what was read of it")
            return self._partition(topic, number, position, found.topic_id, None, epoch)
        if max(0, offset) < found.start:
            if offset >= 0:
                self.expired(topic, number, offset, found.start)
            else:
                self._begins_late(topic, number, found.start)
            return self._partition(topic, number, found.start, found.topic_id, None)
        partition = self._partition(topic, number, max(0, offset), found.topic_id, committed.metadata)
        partition.committed, partition.epoch = max(-1, offset), epoch
        return partition

    def _partition(
        self,
        topic: str,
        number: int,
        offset: int,
        log_id: str,
        note: str | None,
        epoch: int | None = None,
    ) -> Partition:
        guard = CrashGuard(
            offset, note, batch_records=self._settings.batch_records, max_attempts=self._settings.max_attempts
        )
        return Partition(
            topic,
            number,
            position=offset,
            guard=guard,
            retry=topic == self._retry_topic,
            fetched=offset,
            breaker=Breaker(self._settings),
            log=log_id,
            epoch=epoch,
        )

    def cut_off(self, partition: Partition, found: Log) -> Partition:
        """The partition as it goes on where its log is another than that which was read; what is in work for it is read
        again. The same one when nothing that was read has been replaced."""
        parted = self._parted(partition.topic, partition.number, partition.fetched, partition.epoch, found)
        if parted >= partition.fetched:
            return partition
        position = min(parted, partition.position)
        partition.owned = False
        self._tell_reset(
            partition.topic, partition.number, partition.fetched, position, "records at its end were replaced"
        )
        return self._partition(
            partition.topic, partition.number, position, found.topic_id, None, partition.epoch
        )

    def _parted(self, topic: str, number: int, offset: int, epoch: int | None, found: Log) -> int:
        parted = self._logs.divergence((topic, number), offset, epoch)
        return found.start if parted is None else max(parted, found.start)

    def made_again(self, topic: str, number: int, old: int, log_id: str, start: int = 0) -> None:
        """Count and tell, once, that the partition's topic was deleted and made again as `log_id`."""
        if self._made_again.get((topic, number)) != log_id:
            self._made_again[topic, number] = log_id
            self._tell_reset(topic, number, old, start, "the topic was deleted and made again")

    def _tell_reset(self, topic: str, number: int, old: int, new: int, reason: str) -> None:
        self._metrics.log_resets.labels(topic).inc()
        log.error(
            "the log went back: its records are read from where it is another",
            topic=topic,
            partition=number,
            old_position=old,
            new_position=new,
            reason=reason,
            remedy="Find out what the broker lost; documents sent again are summarized once.",
        )

    def _begins_late(self, topic: str, number: int, start: int) -> None:
        """A group that has no position yet had nothing to lose; what was submitted with it in mind is told all the same."""
        log.info("reading begins behind the log's first records", topic=topic, partition=number, start=start)
        if self._on_expired is not None:
            self._on_expired(topic, number, 0, start - 1)

    def expired(self, topic: str, number: int, first: int, until: int) -> None:
        """Count and tell records that were gone before they were read."""
        self._metrics.expired.labels(topic).inc(until - first)
        log.error(
            "records were gone before they were read",
            topic=topic,
            partition=number,
            first_offset=first,
            last_offset=until - 1,
            remedy="Keep records longer than the service may be behind; have these documents sent again.",
        )
        if self._on_expired is not None:
            self._on_expired(topic, number, first, until - 1)
