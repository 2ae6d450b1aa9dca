"""What a fetched message becomes: an item of work, or nothing because it is not this stage's turn to do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from confluent_kafka import KafkaError

from brevity.common.errors import Fatal
from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.broken_batches import BROKEN, BrokenBatches, FindHeader
from brevity.common.kafka.inflight import Item
from brevity.common.kafka.message import with_headers, without_headers
from brevity.common.kafka.record import Record
from brevity.common.kafka.retry import due_at, original, without_reserved
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.observability.logging import get_logger
from brevity.common.settings import StageSettings

log = get_logger(__name__)

_NO_SUCH_POSITION = {"_AUTO_OFFSET_RESET", "_LOG_TRUNCATION", "OFFSET_OUT_OF_RANGE"}
"""The log does not reach from the position on: it begins after it or ended before it."""

_ASIDE_SECONDS = 0.5
"""How soon a retry partition is looked at again whose last record was set aside and is still in work."""


class Fenced(Exception):
    """This client is of no more use: the broker holds another for the one of this name, be it a second instance or, after
    a coordinator's death, the client itself under the id that it had before."""


class Intake:
    """Lets each record of the assigned partitions in once, and records of the retry topic when they are due.

    Args:
        header: Finds the batch that holds an offset of a topic's partition.
        guarded: Whether the guard's note is left before a record's headers are read.
    """

    def __init__(
        self,
        assignment: Assignment,
        settings: StageSettings,
        header: FindHeader,
        runtime: Runtime = REAL,
        *,
        guarded: bool = True,
    ) -> None:
        self._runtime = runtime
        self._guarded = guarded
        self._assignment = assignment
        self._settings = settings
        self._broken = BrokenBatches(assignment, header)

    def items(self, message: Any) -> Sequence[Item]:
        """What `message` of the ordinary client asks for; nothing in partitions that are read with care."""
        partition = self._assignment.get(message.topic(), message.partition()) if message.topic() else None
        return () if partition is not None and partition.care else self.taken(message)

    def taken(self, message: Any) -> Sequence[Item]:
        """The work that a message asks for: a record, none when it is not its turn, or all of a batch that is broken.

        Raises:
            Fatal: `kafka_refused`, the message says that this consumer may not read.
            Fenced: Nothing will ever come again from the client that gave this message.
        """
        error = message.error()
        if error is not None:
            return self._on_error(message, error)
        item = self._item(message)
        return () if item is None else (item,)

    def _item(self, message: Any) -> Item | None:
        partition = self._assignment.get(message.topic(), message.partition())
        offset = message.offset()
        if partition is None or not partition.owned or partition.halted or partition.resume_at:
            return None  # it is fetched again when the partition goes on
        if offset < partition.fetched:
            return None  # it is here already
        epoch = message.leader_epoch()
        record = without_headers(message, f"{partition.log}:{epoch}" if partition.log else "")
        if partition.retry:
            now = self._runtime.time()
            due = due_at(record, now, self._settings)
            if due > now:
                self._assignment.wait_until_due(partition, offset, due)
                return None
            if partition.aside and not partition.settled():
                self._assignment.wait_until_due(partition, offset, now + _ASIDE_SECONDS)
                return None
            partition.aside = False
        partition.fetched = offset + 1
        size = len(record.value or b"") + len(record.key or b"")
        item = Item(partition, offset, record, size, message, epoch)
        if not self._guarded or (
            not partition.guard.suspects(offset) and self._assignment.sign(partition, offset)
        ):
            partition.aside = read(item).aside
        return item

    def _on_error(self, message: Any, error: KafkaError) -> Sequence[Item]:
        if error.code() == KafkaError._PARTITION_EOF:  # pyright: ignore[reportPrivateUsage]
            partition = self._assignment.get(message.topic(), message.partition())
            # Where records were dropped on the way because it is not their turn, the end is not reached.
            if partition is not None and partition.owned and not (partition.halted or partition.resume_at):
                partition.end = message.offset()
        elif error.name() in _NO_SUCH_POSITION:
            partition = self._assignment.get(message.topic(), message.partition())
            if partition is not None and partition.owned:
                self._assignment.find_place(partition, truncated=error.name() == "_LOG_TRUNCATION")
        elif error.fatal() or error.name() == "_FATAL":
            raise Fenced(error.str())
        elif error.name() in {"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"}:
            raise Fatal(
                f"Kafka refuses this consumer: {error.str()}",
                code="kafka_refused",
                remedy="Give it the rights that docs/operations.md names, then restart the service.",
            )
        elif error.name() in BROKEN:
            partition = self._assignment.get(message.topic(), message.partition())
            if partition is not None and partition.owned and not partition.halted:
                return self._broken.failed(partition, message.offset(), error.str())
        else:
            log.warning("kafka consumer", reason=error.str(), error=error.name())
        return ()


def read(item: Item) -> Record:
    """The item's record with its headers. Decoding may kill the process: the guard's note is left before it is called,
    and a suspect is read by its worker alone."""
    if item.unread is None:
        return item.record
    record, item.unread = with_headers(item.record, item.unread), None
    if item.partition.retry:
        record = original(record)
    elif record.headers:
        record = replace(record, headers=without_reserved(record.headers))
    item.record = record
    item.size += sum(len(name) + len(value or b"") for name, value in record.headers)
    return record
