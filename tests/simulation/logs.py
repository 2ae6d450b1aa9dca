"""The broker's answers about its logs; see `brevity.common.kafka.logs`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from brevity.common.errors import Unavailable
from brevity.common.kafka.logs import Log, Look, Place
from brevity.common.kafka.raw_log import OutOfRange, Parted, Stretch
from brevity.common.kafka.raw_records import Unreadable
from tests.simulation.broker import Broker, Entry
from tests.simulation.consumer import FakeMessage
from tests.simulation.scheduler import Killed, Process

_LATENCY_SECONDS = 0.002
_EVERY_SECONDS = 1.0
_MOST_BATCHES = 7


class SimulatedLogs:
    def __init__(self, broker: Broker, process: Process) -> None:
        self._broker = broker
        self._process = process

    def topic_ids(self, topics: Collection[str], *, seconds: float = 5.0) -> dict[str, str]:
        self.call(seconds)
        return {topic: f"{topic}#{self._broker.logs[topic, 0].topic_id}" for topic in topics}

    def look(self, places: Collection[Place], known: Mapping[Place, int] | None = None) -> Look:
        ids = self.topic_ids({topic for topic, _ in places})
        group = self._broker.group
        logs: dict[Place, Log] = {}
        for place in places:
            log = self._broker.logs[place]
            logs[place] = Log(ids[place[0]], log.low, log.stable)
        committed: dict[Place, int] = {}
        if known:
            self.call(5.0)
            committed = {
                place: group.committed.get(place, (-1, "", None))[0]
                for place in places
                if place not in group.pending
            }
        return Look(logs, committed, dict(known or {}))

    def divergence(self, place: Place, offset: int, epoch: int | None) -> int | None:
        self.call(5.0)
        return None if epoch is None else min(offset, self._broker.logs[place].end_of(epoch))

    def close(self) -> None:
        """Nothing to let go of."""

    def call(self, seconds: float) -> None:
        if self._process.dead:
            raise Killed
        scheduler = self._broker.scheduler
        scheduler.wait(_LATENCY_SECONDS)
        if self._broker.away_until > scheduler.now:
            scheduler.wait(min(seconds, self._broker.away_until - scheduler.now))
            if self._broker.away_until > scheduler.now:
                raise Unavailable("the broker is away", code="kafka")


@dataclass(frozen=True, slots=True)
class _Batch:
    """One entry, as a batch of its own."""

    place: Place
    entry: Entry

    @property
    def first(self) -> int:
        return self.entry.offset

    @property
    def last(self) -> int:
        return self.entry.offset

    @property
    def epoch(self) -> int:
        return self.entry.epoch

    @property
    def timestamp_ms(self) -> int:
        return self.entry.timestamp_ms

    @property
    def visible(self) -> bool:
        return self.entry.visible

    @property
    def size(self) -> int:
        return 8 << 20  # some make all that care is for

    def messages(self, topic: str, partition: int, start: int, most: int) -> Iterator[FakeMessage]:
        if self.entry.bomb:
            raise Unreadable("too much")
        yield FakeMessage(self.place, self.entry)


class SimulatedRawLog:
    def __init__(self, broker: Broker, process: Process) -> None:
        self._broker = broker
        self._logs = SimulatedLogs(broker, process)

    def read(self, topic: str, partition: int, offset: int, epoch: int | None) -> Any:
        self._logs.call(5.0)
        log = self._broker.logs[topic, partition]
        if not log.low <= offset <= log.end:
            raise OutOfRange
        if epoch is not None and offset > log.low and log.end_of(epoch) < offset:
            raise Parted
        found = [
            _Batch((topic, partition), entry) for entry in log.entries if offset <= entry.offset < log.stable
        ]
        return Stretch(cast("Any", found[:_MOST_BATCHES]), log.stable)


class SimulatedWatch:
    def __init__(
        self, logs: SimulatedLogs, known: Callable[[], Mapping[Place, int]], broker: Broker, process: Process
    ) -> None:
        self._logs = logs
        self._known = known
        self._broker = broker
        self._process = process
        self._closed = False
        self._latest: Look | None = None

    def start(self) -> None:
        self._broker.scheduler.spawn(self._process, self._work)

    def close(self) -> None:
        self._closed = True

    def take(self) -> Look | None:
        latest, self._latest = self._latest, None
        return latest

    def _work(self) -> None:
        while not self._closed:
            self._broker.scheduler.wait(_EVERY_SECONDS)
            known = dict(self._known())
            if not known or self._closed:
                continue
            try:
                self._latest = self._logs.look(list(known), known)
            except Unavailable:
                continue
