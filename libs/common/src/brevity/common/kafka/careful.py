"""Reads a partition whose reader died, in place of the ordinary client, until what may have killed it is passed.

librdkafka unpacks whatever it fetches, gzip, lz4 and snappy without limit and several batches beside each other, in its own
thread; a batch of some kilobytes may so end the process before the stage has seen a record of it. The crash guard's note
tells the successor that somebody died there. It then has the partition's batches as they lie on the log, unpacks one at a
time within a limit, and passes over what is more, each of its records rejected. That is slower, so the ordinary client goes
on behind the stretch that the dead one can have had in hand; where a batch was passed over, some minutes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from brevity.common.errors import Unavailable
from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.broken_batches import rejected
from brevity.common.kafka.client import UNPACKED_MAX_BYTES
from brevity.common.kafka.inflight import Care, Item, Partition
from brevity.common.kafka.raw_batches import RawBatch
from brevity.common.kafka.raw_log import OutOfRange, Parted, Stretch
from brevity.common.kafka.raw_records import Unreadable
from brevity.common.kafka.runtime import RawReader, Runtime
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_STAY_SECONDS = 600.0
"""How long care goes on after a batch that was passed over: who has sent one sends more, and each would kill once."""
_AGAIN_SECONDS, _GIVE_UP_SECONDS = 0.2, 30.0
_TURN_RECORDS = 2_000
"""After so many records another partition has its turn, if one waits."""


@dataclass(slots=True)
class _Turn:
    """One stretch of one partition."""

    partition: Partition
    care: Care
    answer: Future[Stretch]
    items: Iterator[Item] | None = None
    taken: int = 0

    def lost(self) -> bool:
        """Whether the partition went back, or is not to be read now."""
        partition = self.partition
        return partition.care is not self.care or not _open(partition)


class Careful:
    """The partitions with `Partition.care`, one at a time. Used by the thread that owns the consumer.

    Args:
        take: What a record asks for; see `Intake.taken`.
        log: Reads the log.
    """

    def __init__(
        self,
        assignment: Assignment,
        take: Callable[[Any], Sequence[Item]],
        log: RawReader,
        runtime: Runtime,
    ) -> None:
        self._assignment = assignment
        self._take = take
        self._log = log
        self._runtime = runtime
        self._worker = runtime.workers(1, "careful")
        self._turn: _Turn | None = None
        self._turns = 0
        self._told = ("", -1, -1)

    def close(self) -> None:
        """Let go of the thread; what it still asks is not waited for."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def busy(self) -> bool:
        """Whether something is on its way."""
        return self._turn is not None

    def items(self) -> Iterator[Item]:
        """Records that have come; may be left at any of them, and called again for the next."""
        turn = self._turn
        if turn is not None and turn.lost():
            turn = self._turn = None
        if turn is None:
            self._ask()
            return
        if turn.items is None:
            if not turn.answer.done():
                return
            turn.items = self._arrived(turn)
        for item in turn.items:
            turn.taken += 1
            yield item
            if turn.lost() or (turn.taken >= _TURN_RECORDS and len(self._waiting()) > 1):
                self._turn = None
                return
        self._turn = None
        if turn.partition.care is turn.care:
            self._done(turn)

    def _waiting(self) -> list[tuple[Partition, Care]]:
        now = self._runtime.monotonic()
        cared = [(p, p.care) for p in self._assignment.all() if p.care and _open(p)]
        return [(partition, care) for partition, care in cared if care.again_at <= now]

    def _ask(self) -> None:
        waiting = self._waiting()
        if not waiting:
            return
        partition, care = min(waiting, key=lambda found: found[1].turn)  # whose last turn is the longest ago
        self._turns += 1
        care.turn = self._turns
        offset = max(partition.fetched, care.next)
        if care.next < 0:
            log.info(
                "its reader died: a partition is read with care",
                topic=partition.topic, partition=partition.number, position=offset,
            )  # fmt: skip
            care.next = offset
        place, epoch = (partition.topic, partition.number), care.epoch
        self._turn = _Turn(
            partition, care, self._worker.submit(lambda: self._log.read(*place, offset, epoch))
        )

    def _arrived(self, turn: _Turn) -> Iterator[Item]:
        partition, care = turn.partition, turn.care
        try:
            stretch = turn.answer.result()
        except (OutOfRange, Parted) as error:
            self._assignment.find_place(partition, truncated=isinstance(error, Parted))
            return
        except Unavailable as error:
            self._failed(partition, care, error)
            return
        care.failing_since = 0.0
        if stretch.batches:
            self._assignment.verify({partition.topic})
        for batch in stretch.batches:
            if batch.last < max(partition.fetched, care.next):
                continue
            if batch.visible:
                yield from self._records(partition, care, batch)
            if turn.lost():
                return
            care.next, care.epoch = batch.last + 1, batch.epoch
            care.left -= batch.size
        if care.next >= stretch.end:
            partition.end = stretch.end
            care.left = 0
        if not stretch.batches:
            care.again_at = self._runtime.monotonic() + _AGAIN_SECONDS

    def _records(self, partition: Partition, care: Care, batch: RawBatch) -> Iterator[Item]:
        topic, number = partition.topic, partition.number
        try:
            for message in batch.messages(topic, number, partition.fetched, UNPACKED_MAX_BYTES):
                yield from self._take(message)
                if not _open(partition):
                    return
        except Unreadable as error:
            care.until = self._runtime.monotonic() + _STAY_SECONDS
            first = max(batch.first, partition.fetched)
            if self._told != (topic, number, batch.first):  # once, in however many turns
                self._told = (topic, number, batch.first)
                self._assignment.passed_over(partition, first, batch.last, str(error))
            for offset in range(first, batch.last + 1):
                partition.fetched = offset + 1
                yield rejected(partition, offset, batch.timestamp_ms, batch.epoch)

    def _done(self, turn: _Turn) -> None:
        care = turn.care
        if care.left <= 0 and not care.failing_since and self._runtime.monotonic() >= care.until:
            self._assignment.without_care(turn.partition)

    def _failed(self, partition: Partition, care: Care, error: Unavailable) -> None:
        now = self._runtime.monotonic()
        care.failing_since = care.failing_since or now
        care.again_at = now + _AGAIN_SECONDS
        log.warning(
            "a partition cannot be read with care now",
            topic=partition.topic, partition=partition.number, reason=error.message,
        )  # fmt: skip
        if error.code == "kafka_setting" or now - care.failing_since > _GIVE_UP_SECONDS:
            self._assignment.without_care(partition)


def _open(partition: Partition) -> bool:
    return partition.owned and not partition.halted and not partition.resume_at
