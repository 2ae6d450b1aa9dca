"""A model of what the stage relies on in Kafka: logs, transactions, and one consumer group with its generations.

Written from the protocol's rules, not from the stage's needs: a commit is fenced by member and generation alone, never by
ownership; a commit without a member is fenced by nothing; open transactions hold readers of committed records back.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from tests.simulation.faults import Faults
from tests.simulation.scheduler import Process, Scheduler

EPOCH = 1_750_000_000.0
"""When simulated time begins, in seconds since 1970."""

Place = tuple[str, int]
Committed = tuple[int, str, int | None]
"""Offset, metadata and the leader's epoch."""

Headers = Sequence[tuple[Any, Any]] | None


def kafka_error(
    code: str, *, retriable: bool = False, fatal: bool = False, abortable: bool = False
) -> KafkaException:
    number: int = getattr(KafkaError, code)
    return KafkaException(
        KafkaError(number, code, fatal=fatal, retriable=retriable, txn_requires_abort=abortable)
    )


@dataclass(eq=False, slots=True)
class Txn:
    """`offsets`: what is committed for the group with it."""

    state: str = "open"
    places: dict[Place, int] = field(default_factory=dict[Place, int])
    offsets: dict[Place, Committed] = field(default_factory=dict[Place, "Committed"])


@dataclass(eq=False, slots=True)
class Entry:
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    epoch: int
    txn: Txn | None = None
    control: bool = False
    unreadable: bool = False
    bomb: bool = False
    """Who unpacks it dies."""

    @property
    def visible(self) -> bool:
        return not self.control and (self.txn is None or self.txn.state == "committed")


class Log:
    """One partition. `topic_id` and `epoch` tell a log from the one that had its name before."""

    def __init__(self, topic_id: int = 1) -> None:
        self.entries: list[Entry] = []
        self.low = 0
        self.end = 0
        self.epoch = 0
        self.topic_id = topic_id
        self.stable = 0
        """Readers of committed records see what lies below it: the first offset of the oldest open transaction."""
        self._open: dict[Txn, int] = {}

    def append(self, entry: Entry) -> int:
        entry.offset, entry.epoch = self.end, self.epoch
        self.entries.append(entry)
        if entry.txn is not None:
            if entry.control:
                self._open.pop(entry.txn, None)
            else:
                self._open.setdefault(entry.txn, self.end)
        self.end += 1
        self._settle()
        return entry.offset

    def _settle(self) -> None:
        self.stable = min(self._open.values(), default=self.end)

    def next(self, offset: int, end: int) -> Entry | None:
        """The first record from `offset` on and below `end`; up to `stable` only what was committed."""
        first = self.entries[0].offset if self.entries else self.end
        for index in range(max(0, offset - first), min(end - first, len(self.entries))):
            entry = self.entries[index]
            if entry.visible or (end > self.stable and not entry.control):
                return entry
        return None

    def end_of(self, epoch: int) -> int:
        """Up to where records of epochs up to `epoch` go."""
        return next((entry.offset for entry in self.entries if entry.epoch > epoch), self.end)

    def epoch_before(self, offset: int, unknown: int | None) -> int | None:
        """The epoch of the last entry below `offset`; `unknown` when none is left there."""
        return next((entry.epoch for entry in reversed(self.entries) if entry.offset < offset), unknown)

    def expire(self, low: int) -> list[Entry]:
        """Delete what lies below `low`."""
        gone = [entry for entry in self.entries if entry.offset < low]
        self.entries = [entry for entry in self.entries if entry.offset >= low]
        self.low = max(self.low, low)
        return gone

    def truncate(self, end: int) -> list[Entry]:
        """Lose the tail, as at an unclean election; what is written next takes its offsets under a new epoch."""
        gone = [entry for entry in self.entries if entry.offset >= end]
        self.entries = [entry for entry in self.entries if entry.offset < end]
        self.end = end
        self.epoch += 1
        self._open = {txn: first for txn, first in self._open.items() if first < end}
        self._settle()
        return gone


@dataclass(eq=False, slots=True)
class Member:
    """`generation`: what the client has been told; it commits under that."""

    id: str
    instance_id: str | None
    tell: Callable[[], None]
    generation: int = -1


class Group:
    """The coordinator's side of cooperative rebalancing, with static members."""

    def __init__(self, scheduler: Scheduler, faults: Faults, places: Callable[[], list[Place]]) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._places = places
        self._joined = 0
        self.generation = 0
        self.version = 0
        """Grows with each change that a member may have to serve."""
        self.members: dict[str, Member] = {}
        self.target: dict[Place, str] = {}
        self.owner: dict[Place, str] = {}
        self.committed: dict[Place, Committed] = {}
        self.pending: dict[Place, Txn] = {}

    def join(self, instance_id: str | None, tell: Callable[[], None]) -> Member:
        self._joined += 1
        self.version += 1
        member = Member(f"m{self._joined:03d}", instance_id, tell)
        old = next((m for m in self.members.values() if instance_id and m.instance_id == instance_id), None)
        self.members[member.id] = member
        if old is None:
            self.rebalance()
            return member
        del self.members[old.id]  # the same assignment under a new member id; the old one is fenced
        for table in (self.target, self.owner):
            for place, holder in table.items():
                if holder == old.id:
                    table[place] = member.id
        for place in [place for place, holder in self.owner.items() if holder == member.id]:
            del self.owner[place]  # not assigned in the new process yet
        member.generation = self.generation
        return member

    def leave(self, member: Member) -> None:
        if self.members.pop(member.id, None) is not None:
            self.version += 1
            self.owner = {place: holder for place, holder in self.owner.items() if holder != member.id}
            self.rebalance()
            member.tell()

    def rebalance(self, *, shuffle: bool = False) -> None:
        self.generation += 1
        self.version += 1
        names = sorted(self.members)
        if not names:
            self.target = {}
            return
        places = self._places()
        if shuffle:
            self._faults.rng.shuffle(places)
            self.target = {}
        most = -(-len(places) // len(names))
        target: dict[Place, str] = {}
        load = dict.fromkeys(names, 0)
        for place in places:  # sticky: who has it keeps it, up to an even share
            holder = self.target.get(place)
            if holder in load and load[holder] < most:
                target[place] = holder
                load[holder] += 1
        for place in places:
            if place not in target:
                holder = min(names, key=lambda name: (load[name], name))
                target[place] = holder
                load[holder] += 1
        self.target = target
        for member in list(self.members.values()):
            member.tell()

    def release(self, member: Member, places: Sequence[Place]) -> None:
        """The member has given partitions up: it joins again, and their next owner is told."""
        for place in places:
            if self.owner.get(place) == member.id:
                del self.owner[place]
        self.generation += 1
        self.version += 1
        for other in list(self.members.values()):
            other.tell()

    def check(self, metadata: tuple[str, int, str | None], *, transactional: bool) -> None:
        """Fence by member and generation, as the coordinator does."""
        member_id, generation, instance_id = metadata
        if not member_id and generation < 0 and instance_id is None:
            if transactional or not self.members:
                return  # "a simple consumer": nothing to fence by
            raise kafka_error("UNKNOWN_MEMBER_ID")
        if member_id not in self.members:
            taken = instance_id and any(m.instance_id == instance_id for m in self.members.values())
            raise kafka_error("FENCED_INSTANCE_ID" if taken else "UNKNOWN_MEMBER_ID", abortable=transactional)
        if generation != self.generation:
            raise kafka_error("ILLEGAL_GENERATION", abortable=transactional)


class Broker:
    """Topics by name with their partitions' logs; producers by transactional id."""

    def __init__(self, scheduler: Scheduler, faults: Faults, topics: dict[str, int]) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.partitions = topics
        self.logs: dict[Place, Log] = {
            (topic, number): Log() for topic, count in topics.items() for number in range(count)
        }
        self.subscribed: list[str] = []
        self.group = Group(scheduler, faults, self._subscribed)
        self.away_until = 0.0
        self.epochs: dict[str, int] = {}
        self.open: dict[str, Txn] = {}
        self.on_visible: list[Callable[[], None]] = []
        self.on_bomb: Callable[[Process], None] = lambda _: None

    def _subscribed(self) -> list[Place]:
        return [(topic, n) for topic in self.subscribed for n in range(self.partitions[topic])]

    def place_of(self, topic: str, key: bytes) -> Place:
        return topic, zlib.crc32(key) % self.partitions[topic]

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        txn: Txn | None = None,
        *,
        timestamp_ms: int = 0,
        unreadable: bool = False,
        bomb: bool = False,
    ) -> tuple[Place, int]:
        place = self.place_of(topic, key or b"")
        timestamp_ms = timestamp_ms or int((EPOCH + self.scheduler.now) * 1000)
        offset = self.logs[place].append(
            Entry(-1, key, value, headers, timestamp_ms, 0, txn, unreadable=unreadable, bomb=bomb)
        )
        if txn is not None:
            txn.places[place] = offset
        return place, offset

    def init_producer(self, name: str) -> int:
        """A new epoch of a transactional id: aborts what the former one left open and fences it."""
        self.epochs[name] = self.epochs.get(name, -1) + 1
        txn = self.open.pop(name, None)
        if txn is not None:
            self.end(txn, "aborted")
        return self.epochs[name]

    def begin(self, name: str, epoch: int, timeout_seconds: float) -> Txn:
        self.fence(name, epoch)
        txn = Txn()
        self.open[name] = txn
        self.scheduler.after(timeout_seconds, self._expire, name, txn)
        return txn

    def _expire(self, name: str, txn: Txn) -> None:
        if txn.state == "open":
            self.init_producer(name)

    def fence(self, name: str, epoch: int) -> None:
        if self.epochs.get(name) != epoch:
            raise kafka_error("_FENCED", fatal=True)

    def commit(self, name: str, epoch: int, txn: Txn) -> None:
        self.fence(name, epoch)
        if txn.state == "aborted":
            raise kafka_error("INVALID_TXN_STATE", fatal=True)
        self.open.pop(name, None)
        self.end(txn, "committed")

    def abort(self, name: str, epoch: int, txn: Txn) -> None:
        self.fence(name, epoch)
        self.open.pop(name, None)
        self.end(txn, "aborted")

    def end(self, txn: Txn, state: str) -> None:
        """Write the markers: its records and offsets become visible together, or neither."""
        if txn.state != "open":
            return
        txn.state = state
        for place in txn.places:
            self.logs[place].append(Entry(-1, None, None, None, 0, 0, txn, control=True))
        for place, committed in txn.offsets.items():
            if state == "committed":
                self.group.committed[place] = committed
            if self.group.pending.get(place) is txn:
                del self.group.pending[place]
        for told in self.on_visible:
            told()
