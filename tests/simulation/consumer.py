"""A consumer as confluent_kafka gives it, on the model of the broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, TopicPartition

from tests.simulation.broker import Broker, Entry, Log, Member, Place, kafka_error
from tests.simulation.client import Client
from tests.simulation.scheduler import Killed, Process

_TELL_SECONDS = 0.25
"""What a client takes at most to learn of a new generation from its heartbeats."""


class FakeMessage:
    __slots__ = ("_entry", "_error", "_offset", "_place")

    def __init__(
        self, place: Place, entry: Entry | None, error: KafkaError | None = None, offset: int = -1
    ) -> None:
        self._place, self._entry, self._error, self._offset = place, entry, error, offset

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._entry.offset if self._entry else self._offset

    def leader_epoch(self) -> int | None:
        return self._entry.epoch if self._entry else None

    def key(self) -> bytes | None:
        return self._entry.key if self._entry else None

    def value(self) -> bytes | None:
        return self._entry.value if self._entry else None

    def headers(self) -> Any:
        if self._entry is None or self._entry.headers is None:
            return None
        if self._entry.unreadable:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return list(self._entry.headers)

    def timestamp(self) -> tuple[int, int]:
        return (1, self._entry.timestamp_ms) if self._entry else (0, -1)

    def latency(self) -> None:
        return None

    def __len__(self) -> int:
        return len(self.value() or b"")


class FakeConsumer(Client):
    def __init__(self, broker: Broker, process: Process, config: dict[str, Any]) -> None:
        super().__init__(broker, process, config)
        self.instance_id: str | None = config.get("group.instance.id")
        self.committed_only = config["isolation.level"] == "read_committed"
        self.session_seconds = config["session.timeout.ms"] / 1000
        self.member: Member | None = None
        self.positions: dict[Place, int] = {}
        self.paused: set[Place] = set()
        self.owned: set[Place] = set()
        self._told_end: dict[Place, int] = {}
        self._epochs: dict[Place, int | None] = {}
        self._nowhere: set[Place] = set()
        """Where the position is not in the log, as was told: nothing comes before it is assigned again."""
        self._knows_lost = False
        self._joining = False
        self._closed = False
        self._turn = 0
        self._served = (-1, -1)

    def subscribe(self, topics: Sequence[str], *, on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self.broker.subscribed = list(topics)
        self._on_assign, self._on_revoke, self._on_lost = on_assign, on_revoke, on_lost
        self._join()
        self._watch()

    def memberid(self) -> str | None:
        return "" if self.member is None or self._knows_lost else self.member.id

    def consumer_group_metadata(self) -> tuple[str, int, str | None]:
        if self.member is None or self._knows_lost:
            return "", -1, self.instance_id
        return self.member.id, self.member.generation, self.instance_id

    def assignment(self) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in self.positions]

    def incremental_assign(self, places: Sequence[TopicPartition]) -> None:
        for tp in places:
            self.positions[tp.topic, tp.partition] = tp.offset
            self._epochs[tp.topic, tp.partition] = tp.leader_epoch
            self._nowhere.discard((tp.topic, tp.partition))
            self._told_end.pop((tp.topic, tp.partition), None)

    def incremental_unassign(self, places: Sequence[TopicPartition]) -> None:
        for tp in places:
            self.positions.pop((tp.topic, tp.partition), None)

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self.paused |= {(tp.topic, tp.partition) for tp in places}

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self.paused -= {(tp.topic, tp.partition) for tp in places}

    def seek(self, place: TopicPartition) -> None:
        if (place.topic, place.partition) not in self.positions:
            raise kafka_error("_STATE")
        if (place.topic, place.partition) in self._nowhere:
            raise kafka_error("_STATE")  # it has to be assigned again
        self.positions[place.topic, place.partition] = place.offset
        self._epochs[place.topic, place.partition] = place.leader_epoch
        self._told_end.pop((place.topic, place.partition), None)

    def position(self, places: Sequence[TopicPartition]) -> list[TopicPartition]:
        return [
            TopicPartition(tp.topic, tp.partition, self.positions.get((tp.topic, tp.partition), -1001))
            for tp in places
        ]

    def get_watermark_offsets(
        self, place: TopicPartition, timeout: float = 5.0, *, cached: bool = False
    ) -> tuple[int, int]:
        if not cached:
            self.call(timeout)
        log = self.broker.logs[place.topic, place.partition]
        return log.low, log.stable

    def committed(self, places: Sequence[TopicPartition], timeout: float = 5.0) -> list[TopicPartition]:
        self.call(timeout)
        group, until = self.broker.group, self.scheduler.now + timeout
        while any((tp.topic, tp.partition) in group.pending for tp in places):  # offsets are not stable yet
            if self.scheduler.now >= until:
                raise kafka_error("_TIMED_OUT", retriable=True)
            self.scheduler.wait(0.1)
        answer = []
        for tp in places:
            offset, metadata, epoch = group.committed.get((tp.topic, tp.partition), (-1001, "", None))
            answer.append(
                TopicPartition(tp.topic, tp.partition, offset, metadata, -1 if epoch is None else epoch)
            )
        return answer

    def commit(self, *, offsets: Sequence[TopicPartition], asynchronous: bool = True) -> list[TopicPartition]:
        metadata = self.consumer_group_metadata()
        self.call()
        self.broker.group.check(metadata, transactional=False)
        for tp in offsets:
            self.broker.group.committed[tp.topic, tp.partition] = (
                tp.offset,
                tp.metadata or "",
                tp.leader_epoch,
            )
        return [TopicPartition(tp.topic, tp.partition, tp.offset) for tp in offsets]

    def poll(self, timeout: float = 0.0) -> FakeMessage | None:
        found = self._gather(1, timeout)
        return found[0] if found else None

    def consume(self, num_messages: int = 1, timeout: float = 0.0) -> list[FakeMessage]:
        return self._gather(num_messages, timeout)

    def close(self) -> None:
        if self._closed or self.process.dead:
            return
        self._closed = True
        if self.owned and self.member is not None:
            self._on_revoke(self, self._as_places(self.owned))
        self.owned.clear()
        if self.member is not None and self.instance_id is None:
            self.broker.group.leave(self.member)

    def _gather(self, most: int, timeout: float) -> list[FakeMessage]:
        if self.process.dead:
            raise Killed
        # A callback may run in the very call that then hands out records fetched before it.
        early = self._fetch(most) if self.broker.faults.rng.random() < 0.2 else []
        self._serve()
        found = early or self._fetch(most)
        if found:
            self.scheduler.wait(0.0005)
            return found
        until = self.scheduler.now + timeout
        while True:
            left = until - self.scheduler.now
            self.scheduler.wait(max(0.01, min(0.1, left)))  # late at times, as any timer
            self._serve()
            found = self._fetch(most)
            if found or self.scheduler.now >= until:
                return found

    def _fetch(self, most: int) -> list[FakeMessage]:
        if self.broker.away_until > self.scheduler.now:
            return []
        found: list[FakeMessage] = []
        places = sorted(self.positions)
        self._turn += 1
        for step in range(len(places)):
            place = places[(step + self._turn) % len(places)]
            if place in self.paused or place in self._nowhere:
                continue
            log = self.broker.logs[place]
            position = self.positions[place]
            end = log.stable if self.committed_only else log.end
            lost = self._lost_place(place, log)
            if lost is not None:
                if len(found) < most:
                    self._nowhere.add(place)
                    found.append(FakeMessage(place, None, KafkaError(lost), position))
                continue
            if position == end == self._told_end.get(place):
                continue
            while len(found) < most and (entry := log.next(position, end)) is not None:
                if entry.bomb:
                    self.broker.on_bomb(self.process)
                found.append(FakeMessage(place, entry))
                position, self._epochs[place] = entry.offset + 1, entry.epoch
            self.positions[place] = position
            if len(found) < most and self._told_end.get(place) != end:
                self._told_end[place] = end
                eof = KafkaError(KafkaError._PARTITION_EOF)  # pyright: ignore[reportPrivateUsage]
                self.positions[place] = max(position, end)
                # The client has passed what readers of committed records do not see, and knows its epoch.
                self._epochs[place] = log.epoch_before(end, self._epochs.get(place))
                found.append(FakeMessage(place, None, eof, end))
        return found

    def _lost_place(self, place: Place, log: Log) -> int | None:
        """The error for a position that the log does not have: auto.offset.reset is "error"."""
        position, epoch = self.positions[place], self._epochs.get(place)
        if position > log.end or position < log.low:
            return KafkaError._AUTO_OFFSET_RESET  # pyright: ignore[reportPrivateUsage]
        if epoch is not None and log.end_of(epoch) < position:
            return KafkaError._LOG_TRUNCATION  # pyright: ignore[reportPrivateUsage]
        return None

    def _join(self) -> None:
        self._joining = False
        self._knows_lost = False
        self.member = self.broker.group.join(self.instance_id, self._told)

    def _told(self) -> None:
        """The coordinator has news; the client learns of it by one of its next heartbeats, if its process lives."""
        delay = self.broker.faults.rng.uniform(0.0, _TELL_SECONDS)
        self.scheduler.after(delay, self._learn)

    def _learn(self) -> None:
        if self.process.dead or self._closed:
            return
        if self.process.stopped_until > self.scheduler.now:
            self.scheduler.at(self.process.stopped_until + 0.01, self._learn)
            return
        member = self.member
        if member is None:
            return
        if member.id not in self.broker.group.members:
            self._knows_lost = True
        else:
            member.generation = self.broker.group.generation

    def _watch(self) -> None:
        """The coordinator's timer: a silent member is thrown out."""
        member = self.member
        if member is None:
            return
        silent_since = [self.scheduler.now]

        def look() -> None:
            current = self.member
            if current is None or (self._closed and self.instance_id is None):
                return
            alive = not self.process.dead and not self._closed
            stopped = self.process.stopped_until > self.scheduler.now
            away = self.broker.away_until > self.scheduler.now
            if (alive and not stopped) or away:
                silent_since[0] = self.scheduler.now
            elif self.scheduler.now - silent_since[0] >= self.session_seconds:
                self.broker.group.leave(current)
                if not alive:
                    return
                silent_since[0] = self.scheduler.now
            self.scheduler.after(0.2, look)

        look()

    def _serve(self) -> None:
        """Callbacks, as `poll` and `consume` serve them."""
        if self._closed or self.member is None or self.broker.away_until > self.scheduler.now:
            return
        group = self.broker.group
        if self._knows_lost:
            lost, self.owned = self.owned, set()
            for place in lost:
                self.positions.pop(place, None)
            if any(m.instance_id == self.instance_id for m in group.members.values() if self.instance_id):
                return  # fenced by the next process of this name: it only waits for its end
            if lost:
                self._on_lost(self, self._as_places(lost))
            self._join()
            return
        member = self.member
        news = (group.version, member.generation)
        if news == self._served:
            return
        self._served = news
        if member.generation != group.generation or member.id not in group.members:
            return
        leaving = {place for place in self.owned if group.target.get(place) != member.id}
        if leaving:
            self._on_revoke(self, self._as_places(leaving))
            self.owned -= leaving
            for place in leaving:
                self.positions.pop(place, None)
                self.paused.discard(place)
            group.release(member, sorted(leaving))
            return
        coming = {
            place
            for place, holder in group.target.items()
            if holder == member.id and place not in self.owned and place not in group.owner
        }
        if coming:
            for place in coming:
                group.owner[place] = member.id
                self.paused.discard(place)
                self._told_end.pop(place, None)
            self.owned |= coming
            self._on_assign(self, self._as_places(coming))

    @staticmethod
    def _as_places(places: set[Place]) -> list[TopicPartition]:
        return [TopicPartition(*place) for place in sorted(places)]
