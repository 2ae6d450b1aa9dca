"""Bookkeeping of what a stage holds: partitions it owns, records waiting to be batched, batches in work. No IO."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from brevity.common.kafka.breaker import Breaker
from brevity.common.kafka.crash_guard import CrashGuard
from brevity.common.kafka.record import Record
from brevity.common.kafka.transform import Fate
from brevity.common.settings import StageSettings

_CAREFUL_BYTES = 96 << 20
"""More than what a client can have fetched ahead of what is finished: some 32 MiB that wait for it, as much in work."""


@dataclass(slots=True)
class Care:
    """That a partition is read by `careful`, and how far that has come.

    Attributes:
        left: Bytes of the log that are to be read so before the ordinary client may go on.
        until: Nor may it before this moment of the monotonic clock.
        next: The next offset to read, when what lies from `Partition.fetched` to it is not for readers; -1 when unknown.
        epoch: The leader's epoch of the record before that; None when unknown.
        again_at: Nothing is asked before this moment of the monotonic clock.
        turn: When it was last its turn, by number.
        failing_since: Since when the broker has not answered; 0 while it does.
    """

    left: int
    until: float = 0.0
    next: int = -1
    epoch: int | None = None
    again_at: float = 0.0
    turn: int = 0
    failing_since: float = 0.0


@dataclass(slots=True, eq=False)
class Partition:
    """An assigned partition. It is replaced by a new object when it is revoked or rewound, so that work begun for
    the old one is recognised (`owned` is False) and thrown away.

    Attributes:
        position: The next offset to commit.
        fetched: The next offset to arrive; below it everything is waiting, in work or done.
        end: The offset the broker last said the log ends at, for readers of committed records.
        resume_at: For a retry partition: when (seconds since the epoch) its next record is due; 0 when none waits.
        resume_from: That record's offset.
        halted: Too many dead letters: nothing further is taken from it.
        log: The id of the topic whose log this is; "" while the broker knows none.
        epoch: The leader's epoch of the record before `position`; None when unknown.
        aside: What has arrived of it ends with a record that was set aside: the next waits until that is done.
        committed: A position that is known to be committed; -1 for none.
        doubts: How often in a row the broker told less than what is committed.
        idle: How often in a row there was something to read and nothing had come since the time before.
        reached: How far reading had come at the last look.
        care: It is read with care, and not by the ordinary client; None otherwise.
    """

    topic: str
    number: int
    position: int
    guard: CrashGuard
    retry: bool = False
    fetched: int = -1
    end: int = -1
    owned: bool = True
    resume_at: float = 0.0
    resume_from: int = -1
    halted: bool = False
    breaker: Breaker | None = None
    log: str = ""
    epoch: int | None = None
    aside: bool = False
    committed: int = -1
    doubts: int = 0
    idle: int = 0
    reached: int = -1
    care: Care | None = None

    def settled(self) -> bool:
        """Whether all that arrived is done."""
        return self.fetched <= self.position

    def rests(self) -> bool:
        """Whether the ordinary client is to fetch nothing of it."""
        return bool(self.halted or self.resume_at or self.care)


def new_care(partition: Partition, before: Care | None = None) -> Care:
    """Care from the partition's position on, with what is still to be read of the care `before` it."""
    epoch = partition.epoch if partition.settled() else None
    all_of_it = _CAREFUL_BYTES * max(1, partition.guard.crashes)  # who died again was let go too early
    left, until = (before.left, before.until) if before is not None else (all_of_it, 0.0)
    return Care(left, until, epoch=epoch)


@dataclass(slots=True)
class Item:
    """A record on its way.

    Attributes:
        offset: Where it physically lies (`record` may stand for an earlier attempt).
        size: Bytes of its key, value and, once they are read, headers.
        unread: The client's message, as long as nothing in it is decoded; `intake.read` does that.
        epoch: The epoch of the leader that wrote it there.
    """

    partition: Partition
    offset: int
    record: Record
    size: int
    unread: Any = None
    epoch: int | None = None


@dataclass(slots=True)
class Batch:
    """Records in work together; `alone` batches run with no other beside them, an `aside` one with all others and
    beyond their number."""

    items: Sequence[Item]
    alone: bool = False
    aside: bool = False
    future: Future[list[Fate]] = field(default_factory=Future[list[Fate]])

    def partitions(self) -> set[Partition]:
        return {item.partition for item in self.items}


class InFlight:
    """Batches in work, in the order they were begun."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def add(self, batch: Batch) -> None:
        self._batches.append(batch)

    def ordinary(self) -> int:
        """How many are not set aside."""
        return sum(not batch.aside for batch in self._batches)

    def last_is_alone(self) -> bool:
        return bool(self._batches) and self._batches[-1].alone

    def futures(self) -> list[Future[list[Fate]]]:
        """Of the batches whose end may let something be committed: the oldest of each partition."""
        held: set[Partition] = set()
        first: list[Future[list[Fate]]] = []
        for batch in self._batches:
            if not batch.partitions() & held:
                first.append(batch.future)
            held |= batch.partitions()
        return first

    def take_finished(self) -> Iterator[Batch]:
        """Take out the finished batches, but none that has a partition in common with an earlier one still in work:
        positions move in a partition's order."""
        held: set[Partition] = set()
        for batch in list(self._batches):
            if batch.future.done() and not batch.partitions() & held:
                self._batches.remove(batch)
                yield batch
            else:
                held |= batch.partitions()


class Waiting:
    """Records that have arrived and are in no batch yet, in order of arrival."""

    def __init__(self, settings: StageSettings) -> None:
        self._settings = settings
        self._items: deque[Item] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def add(self, item: Item) -> None:
        self._items.append(item)
        self._bytes += item.size

    def full(self) -> bool:
        """Whether there is enough for a full batch."""
        return len(self._items) >= self._settings.batch_records or self._bytes >= self._settings.batch_bytes

    def forget_lost(self) -> int:
        """Drop the records of partitions no longer owned; returns how many."""
        kept = [item for item in self._items if item.partition.owned]
        dropped = len(self._items) - len(kept)
        self._items = deque(kept)
        self._bytes = sum(item.size for item in kept)
        return dropped

    def next_batch(self) -> Batch | None:
        """The next batch: a suspect record's own partition alone, else whatever arrived, up to the limits."""
        if not self._items:
            return None
        head = self._items[0]
        if head.partition.guard.suspects(head.offset):
            return self._take(self._suspects(head), alone=True)
        if head.record.aside:
            self._bytes -= head.size
            return Batch([self._items.popleft()], aside=True)
        return self._take(self._ordinary(), alone=False)

    def _suspects(self, head: Item) -> Iterator[Item]:
        limit = head.partition.guard.batch_limit(head.offset)
        for item in self._items:
            if limit and item.partition is head.partition and item.partition.guard.suspects(item.offset):
                limit -= 1
                yield item

    def _ordinary(self) -> Iterator[Item]:
        for number, item in enumerate(self._items):
            if number == self._settings.batch_records or item.record.aside:
                return
            if item.partition.guard.suspects(item.offset):
                return
            yield item

    def _take(self, candidates: Iterator[Item], *, alone: bool) -> Batch:
        taken: list[Item] = []
        size = 0
        for item in candidates:
            if taken and size + item.size > self._settings.batch_bytes:
                break
            taken.append(item)
            size += item.size
        if alone:
            chosen = {id(item) for item in taken}
            self._items = deque(item for item in self._items if id(item) not in chosen)
        else:
            for _ in taken:
                self._items.popleft()
        self._bytes -= size
        return Batch(taken, alone)
