"""Batches on the log that the client cannot unpack: tried some times, then passed over, each of their records rejected.

librdkafka unpacks a compressed batch as a whole, up to `receive.message.max.bytes`, and stands still at one that is
larger or damaged: everything behind it on the partition would wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.batch_header import BatchHeader
from brevity.common.kafka.inflight import Item, Partition
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

BROKEN = frozenset({"_BAD_COMPRESSION", "_BAD_MSG", "_NOT_IMPLEMENTED", "_CRIT_SYS_RESOURCE"})
"""The client's errors for a batch that it has fetched and cannot unpack."""

_TRIES = 3
_MOST_AT_ONCE = 10_000

FindHeader = Callable[[str, int, int], BatchHeader | None]
"""The header of the batch that holds an offset of a topic's partition, or None when it cannot be told just now."""


@dataclass(slots=True)
class _Failing:
    offset: int
    tries: int = 0
    header: BatchHeader | None = None


class BrokenBatches:
    """Used by the thread that owns the consumer."""

    def __init__(self, assignment: Assignment, header: FindHeader) -> None:
        self._assignment = assignment
        self._header = header
        self._failing: dict[tuple[str, int], _Failing] = {}

    def failed(self, partition: Partition, offset: int, reason: str) -> Sequence[Item]:
        """Count a failure of the batch at `offset`; the records of one that is given up, which cannot be read."""
        place = partition.topic, partition.number
        failing = self._failing.get(place)
        if failing is None or failing.offset != offset:
            failing = self._failing[place] = _Failing(offset)
        failing.tries += 1
        if failing.tries < _TRIES:
            return ()
        header = failing.header = failing.header or self._header(*place, offset)
        told = {"topic": partition.topic, "partition": partition.number, "reason": reason}
        if header is None or header.last < partition.fetched:
            log.error("a batch cannot be unpacked, and its end cannot be told yet", offset=offset, **told)
            return ()
        first = max(header.first, partition.fetched)
        after = min(header.last + 1, first + _MOST_AT_ONCE)
        if not self._assignment.go_on_at(partition, after):
            return ()
        self._assignment.passed_over(partition, first, after - 1, reason)
        partition.fetched = after
        return [rejected(partition, number, header.timestamp_ms) for number in range(first, after)]


def rejected(partition: Partition, offset: int, timestamp_ms: int, epoch: int | None = None) -> Item:
    """What becomes of a record that is passed over; `epoch` is that of the leader that wrote it."""
    record = Record(
        partition.topic, partition.number, offset, None, None, (), timestamp_ms,
        unreadable="its batch is damaged, or unpacks to more than is accepted",
        log=f"{partition.log}:{epoch}" if partition.log and epoch is not None else "",
    )  # fmt: skip
    return Item(partition, offset, record, 0, epoch=epoch)
