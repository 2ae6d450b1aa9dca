"""The partitions a stage owns: taking them over, leasing records, pausing, rewinding, giving them back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from brevity.common.kafka.breaker import Breaker
from brevity.common.kafka.crash_guard import CrashGuard
from brevity.common.kafka.inflight import Batch, Partition
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.kafka.transaction import Aborted
from brevity.common.kafka.transform import Fate
from brevity.common.observability.logging import get_logger
from brevity.common.settings import StageSettings

log = get_logger(__name__)

_TIMEOUT_SECONDS = 10.0


class Assignment:
    """Owned partitions by topic and number. Used by the thread that owns `consumer`.

    Args:
        beat: Called while waiting for the broker.
        stopping: Whether waiting is to be given up.
    """

    def __init__(
        self,
        consumer: Any,
        settings: StageSettings,
        retry_topic: str,
        *,
        beat: Callable[[], None],
        stopping: Callable[[], bool],
        runtime: Runtime = REAL,
    ) -> None:
        self._runtime = runtime
        self._consumer = consumer
        self._settings = settings
        self._retry_topic = retry_topic
        self._beat = beat
        self._stopping = stopping
        self._partitions: dict[tuple[str, int], Partition] = {}
        self._paused = False

    def get(self, topic: str, number: int) -> Partition | None:
        return self._partitions.get((topic, number))

    def all(self) -> list[Partition]:
        return list(self._partitions.values())

    def take(self, assigned: Sequence[TopicPartition]) -> None:
        """Take partitions over, each from its committed offset, with the guard's marker that stands there."""
        self._consumer.incremental_assign(self._at_committed(assigned))
        if self._paused:
            self._consumer.pause(list(assigned))

    def drop(self, revoked: Iterable[TopicPartition]) -> None:
        """Forget partitions; work for them is no longer owned."""
        for gone in revoked:
            partition = self._partitions.pop((gone.topic, gone.partition), None)
            if partition is not None:
                partition.owned = False

    def disown(self) -> None:
        """Give up what is in work for all partitions; until `rewind` nothing of them is taken or committed."""
        for partition in self._partitions.values():
            partition.owned = False

    def rewind(self) -> None:
        """Go back to the committed offsets of all partitions: what is in work for them is no longer owned."""
        self.disown()
        owned = self.all()
        for place in self._at_committed([_place(partition) for partition in owned]):
            before = next(p for p in owned if (p.topic, p.number) == (place.topic, place.partition))
            after = self._partitions[place.topic, place.partition]
            # Nobody died: what stands in the metadata is this instance's own lease.
            after.guard, after.halted, after.breaker = before.guard, before.halted, before.breaker
            after.guard.unsigned()  # the lease may have been renewed in the transaction that failed
            self._patiently(lambda place=place: self._consumer.seek(place))
            if before.resume_at and not (self._paused or before.halted):
                self._consumer.resume([place])

    def sign_for(self, batch: Batch) -> bool:
        """Leave the guard's note before the batch is worked on. False when a partition of it was lost meanwhile."""
        if not all(item.partition.owned for item in batch.items):
            return False
        first: dict[Partition, int] = {}
        last: dict[Partition, int] = {}
        for item in batch.items:
            first.setdefault(item.partition, item.offset)
            last[item.partition] = item.offset
        self._sign({partition: (first[partition], last[partition]) for partition in first})
        return True

    def sign(self, partition: Partition, offset: int) -> bool:
        """Leave the guard's note before the record at `offset` is read; as good as free while the lease holds.
        False when it could not be left."""
        return self._sign({partition: (offset, offset)})

    def _sign(self, ranges: Mapping[Partition, tuple[int, int]]) -> bool:
        notes = [(partition, partition.guard.before(*ends)) for partition, ends in ranges.items()]
        places = [
            _place(partition, partition.position, note) for partition, note in notes if note is not None
        ]
        if places:
            try:
                self._commit(places)
            except KafkaException as error:
                # The work is safe without the note; only a death in it would go uncounted.
                log.debug("crash guard could not sign", reason=error.args[0].str())
                for partition in ranges:
                    partition.guard.unsigned()
                return False
        return True

    def give_back(self, partitions: Iterable[Partition]) -> None:
        """Take the guard's notes away: this instance leaves alive."""
        # What is disowned has moved on by a transaction of unknown outcome: its position here may be an old one.
        places = [_place(partition, partition.position, "") for partition in partitions if partition.owned]
        if not places:
            return
        try:
            self._commit(places)
        except KafkaException as error:
            log.debug("crash guard could not be given back", reason=error.args[0].str())

    def _commit(self, places: list[TopicPartition]) -> None:
        if (
            not self._consumer.memberid()
        ):  # nothing would fence it: in a group that is empty it would go through
            raise KafkaException(KafkaError(KafkaError.UNKNOWN_MEMBER_ID))
        for place in self._consumer.commit(offsets=places, asynchronous=False):
            if place.error is not None:
                raise KafkaException(place.error)

    def pause(self) -> None:
        """Fetch nothing until `resume`."""
        if not self._paused and self._partitions:
            self._consumer.pause([_place(partition) for partition in self._partitions.values()])
            self._paused = True

    def resume(self) -> None:
        """Fetch again from all that were paused, and from retry partitions whose next record has come due."""
        if self._paused:
            self._paused = False
            open_ones = [p for p in self._partitions.values() if not p.resume_at and not p.halted]
            self._consumer.resume([_place(partition) for partition in open_ones])
        now = self._runtime.time()
        for partition in self._partitions.values():
            if partition.resume_at and partition.resume_at <= now and not partition.halted:
                partition.resume_at = 0.0
                self._consumer.seek(_place(partition, partition.resume_from))
                self._consumer.resume([_place(partition)])

    def go_on_at(self, partition: Partition, offset: int) -> bool:
        """Fetch from `offset` next; False when the client cannot just now."""
        try:
            self._consumer.seek(_place(partition, offset))
        except KafkaException as error:
            log.warning("cannot go on in a partition yet", reason=error.args[0].str())
            return False
        return True

    def wait_until_due(self, partition: Partition, offset: int, due: float) -> None:
        """Fetch nothing from a retry partition until its record at `offset` is due (seconds since the epoch)."""
        partition.resume_at, partition.resume_from = due, offset
        self._consumer.pause([_place(partition)])

    def count(self, partition: Partition, fate: Fate) -> None:
        """Count a finished record; a partition whose `Breaker` trips is halted."""
        if partition.breaker is None:
            return
        if not fate.ours:
            partition.breaker.passed()
        elif partition.breaker.failed(fate.tenant) and not partition.halted:
            partition.halted = True
            self._consumer.pause([_place(partition)])
            log.error(
                "partition halted: too many dead letters",
                topic=partition.topic,
                partition=partition.number,
                remedy="Mend the cause (`brevity dlq list`), then restart the service.",
            )

    def lag(self) -> dict[str, int]:
        """Unfinished records by topic, by what the broker last told."""
        lags: dict[str, int] = {}
        for partition in self._partitions.values():
            lags[partition.topic] = lags.get(partition.topic, 0) + self._behind(partition)
        return lags

    def due(self) -> int:
        """Unfinished records that may be worked on: neither on a halted partition nor waiting for a retry."""
        return sum(
            self._behind(partition)
            for partition in self._partitions.values()
            if not partition.halted and partition.topic != self._retry_topic
        )

    def _behind(self, partition: Partition) -> int:
        low, high = self._consumer.get_watermark_offsets(_place(partition), cached=True)
        # Markers of transactions at the log's end are no records: the end counts as reached when the broker said so.
        reached = partition.settled() and partition.end >= high
        return 0 if reached or high < 0 else max(0, high - max(partition.position, low))

    def _at_committed(self, assigned: Sequence[TopicPartition]) -> list[TopicPartition]:
        """Own `assigned` anew; returns where each goes on."""
        if not assigned:
            return []
        places: list[TopicPartition] = []
        for committed in self._committed(assigned):
            offset = committed.offset
            if offset < 0:
                offset = self._patiently(lambda place=committed: self._consumer.get_watermark_offsets(
                    TopicPartition(place.topic, place.partition), timeout=_TIMEOUT_SECONDS
                )[0])  # fmt: skip
            guard = CrashGuard(
                offset,
                committed.metadata,
                batch_records=self._settings.batch_records,
                max_attempts=self._settings.max_attempts,
            )
            self._partitions[committed.topic, committed.partition] = Partition(
                committed.topic,
                committed.partition,
                position=offset,
                guard=guard,
                retry=committed.topic == self._retry_topic,
                fetched=offset,
                breaker=Breaker(self._settings),
            )
            places.append(TopicPartition(committed.topic, committed.partition, offset))
        return places

    def _committed(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        wanted = [TopicPartition(place.topic, place.partition) for place in partitions]

        def ask() -> list[TopicPartition]:
            answer: list[TopicPartition] = self._consumer.committed(wanted, timeout=_TIMEOUT_SECONDS)
            for place in answer:
                if place.error is not None:
                    raise KafkaException(place.error)
            return answer

        return self._patiently(ask)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        """Ask until the broker answers."""
        while True:
            self._beat()
            try:
                return ask()
            except KafkaException as error:
                log.warning("the position in a partition cannot be found yet", reason=error.args[0].str())
                if self._stopping():
                    raise Aborted("stopped while the broker was away") from error
                self._runtime.sleep(0.2)


def _place(partition: Partition, offset: int | None = None, metadata: str | None = None) -> TopicPartition:
    if offset is None:
        return TopicPartition(partition.topic, partition.number)
    if metadata is None:
        return TopicPartition(partition.topic, partition.number, offset)
    return TopicPartition(partition.topic, partition.number, offset, metadata)
