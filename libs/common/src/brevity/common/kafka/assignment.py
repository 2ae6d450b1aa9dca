"""The partitions a stage owns: taking them over, leasing records, pausing, rewinding, giving them back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_END, KafkaError, KafkaException, TopicPartition

from brevity.common.errors import Unavailable
from brevity.common.kafka.inflight import Batch, Partition, new_care
from brevity.common.kafka.lag import Ends
from brevity.common.kafka.logs import Log, Look, Place, WentBack, with_log
from brevity.common.kafka.metrics import ConsumerMetrics, StageMetrics
from brevity.common.kafka.positions import Expired, Positions
from brevity.common.kafka.runtime import REAL, Logs, Runtime
from brevity.common.kafka.transaction import Aborted
from brevity.common.kafka.transform import Fate
from brevity.common.observability.logging import get_logger
from brevity.common.settings import StageSettings

log = get_logger(__name__)

_TIMEOUT_SECONDS = 10.0
_VERIFY_SECONDS, _VERIFY_AGAIN_SECONDS = 1.0, 5.0
_DOUBTS = 2
"""Looks in a row that must find less than what is committed: one may have met a leader that was only just elected."""
_IDLE_LOOKS, _MOST_IDLE_LOOKS = 20, 640
"""Looks in a row without anything read after which the client is replaced; twice as many each time it did not help."""


class Assignment:
    """Owned partitions by topic and number. Used by the thread that owns `consumer`.

    Args:
        logs: Asks the broker about the logs.
        beat: Called while waiting for the broker.
        stopping: Whether waiting is to be given up.
        on_expired: See `Expired`.
        eager: Whether the group's protocol takes all partitions away before it gives any.
        care: Whether partitions whose reader died get `Partition.care`; see `careful`.
    """

    def __init__(
        self,
        consumer: Any,
        logs: Logs,
        settings: StageSettings,
        retry_topic: str,
        metrics: StageMetrics | ConsumerMetrics,
        *,
        beat: Callable[[], None],
        stopping: Callable[[], bool],
        on_expired: Expired | None = None,
        runtime: Runtime = REAL,
        eager: bool = False,
        care: bool = False,
    ) -> None:
        self._runtime = runtime
        self._eager = eager
        self._care = care
        self._consumer = consumer
        self._logs = logs
        self._metrics = metrics
        self._positions = Positions(logs, settings, retry_topic, metrics, on_expired)
        self._ends = Ends()
        self._verify_at = 0.0
        self._idle_looks = _IDLE_LOOKS
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

    def begin_anew(self, consumer: Any) -> None:
        """Go on with another consumer, which has nothing assigned yet."""
        self.disown()
        self._partitions = {}
        self._paused = False
        self._consumer = consumer

    def known(self) -> dict[Place, int]:
        """The position known to be committed in each owned partition, -1 for none; safe to call from any thread."""
        return {(p.topic, p.number): p.committed for p in list(self._partitions.values())}

    def take(self, assigned: Sequence[TopicPartition]) -> None:
        """Take partitions over, each from its committed offset, with the guard's marker that stands there."""
        places = self._at_committed(assigned)
        taken = [self._partitions[place.topic, place.partition] for place in places]
        if self._care:
            # Fetching may kill as working may: the first note stands before it.
            self._leave([(p, p.guard.taken_over(p.position)) for p in taken if p.owned])
            for partition in taken:
                if partition.guard.crashes:
                    partition.care = new_care(partition)
        begin = self._consumer.assign if self._eager else self._consumer.incremental_assign
        begin([_nowhere(p) if p.care else place for place, p in zip(places, taken, strict=True)])
        resting = [place for place, p in zip(places, taken, strict=True) if self._paused or p.rests()]
        if resting:
            self._consumer.pause(resting)

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
            if after.log == before.log:
                # Nobody died: what stands in the metadata is this instance's own lease.
                after.guard, after.halted, after.breaker = before.guard, before.halted, before.breaker
                after.guard.unsigned()  # the lease may have been renewed in the transaction that failed
                after.care = before.care and new_care(after, before.care)
            if not after.owned:
                continue
            self._begin_at(_nowhere(after) if after.care else place, paused=self._paused or after.rests())

    def without_care(self, partition: Partition) -> None:
        """Leave a partition to the ordinary client again."""
        care, partition.care = partition.care, None
        if care is None or not partition.owned:
            return
        offset = max(partition.fetched, care.next)
        self._begin_at(_place(partition, offset, epoch=care.epoch), paused=self._paused or partition.rests())
        if not (self._paused or partition.rests()):
            self._consumer.resume([_place(partition)])

    def sign_for(self, batch: Batch) -> None:
        """Leave the guard's note before the batch is worked on."""
        first: dict[Partition, int] = {}
        last: dict[Partition, int] = {}
        for item in batch.items:
            first.setdefault(item.partition, item.offset)
            last[item.partition] = item.offset
        self._sign({partition: (first[partition], last[partition]) for partition in first})

    def sign(self, partition: Partition, offset: int) -> bool:
        """Leave the guard's note before the record at `offset` is read; as good as free while the lease holds.
        False when it could not be left."""
        return self._sign({partition: (offset, offset)})

    def _sign(self, ranges: Mapping[Partition, tuple[int, int]]) -> bool:
        return self._leave([(partition, partition.guard.before(*ends)) for partition, ends in ranges.items()])

    def _leave(self, notes: Sequence[tuple[Partition, str | None]]) -> bool:
        places = [_commit_place(p, p.position, p.epoch, note) for p, note in notes if note is not None]
        if places:
            try:
                self._commit(places)
            except KafkaException as error:
                # The work is safe without the note; only a death in it would go uncounted.
                log.debug("crash guard could not sign", reason=error.args[0].str())
                for partition, _ in notes:
                    partition.guard.unsigned()
                return False
        return True

    def give_back(self, partitions: Iterable[Partition]) -> None:
        """Take the guard's notes away: this instance leaves alive."""
        # What is disowned has moved on by a transaction of unknown outcome: its position here may be an old one.
        places = [_commit_place(p, p.position, p.epoch, "") for p in partitions if p.owned]
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
            open_ones = [p for p in self._partitions.values() if not p.rests()]
            self._consumer.resume([_place(partition) for partition in open_ones])
        now = self._runtime.time()
        for partition in self._partitions.values():
            if partition.resume_at and partition.resume_at <= now and not partition.halted:
                partition.resume_at = 0.0
                if partition.care:
                    continue
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

    def passed_over(self, partition: Partition, first: int, last: int, reason: str) -> None:
        """Count and tell a batch that cannot be unpacked; the records from `first` to `last` are rejected."""
        self._metrics.passed_over.labels(partition.topic).inc()
        log.error(
            "a batch cannot be unpacked: its records are rejected",
            topic=partition.topic,
            partition=partition.number,
            first=first,
            last=last,
            reason=reason,
            remedy="Have its sender write smaller batches, or large documents by reference (docs/delivery.md).",
        )

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

    def offsets(self, positions: Mapping[Partition, tuple[int, int | None]]) -> list[TopicPartition]:
        """What to commit for new positions, each with the epoch of the record before it: with the guard's note and
        with what tells the log."""
        return [
            _commit_place(partition, position, epoch, partition.guard.after(position))
            for partition, (position, epoch) in positions.items()
        ]

    def acknowledge(self, positions: Mapping[Partition, tuple[int, int | None]]) -> None:
        """Commit new positions by themselves, without a note of the guard.

        Raises:
            KafkaException: None may have been committed.
        """
        self._commit([_commit_place(p, position, epoch, "") for p, (position, epoch) in positions.items()])
        self.committed(positions)

    def committed(self, positions: Mapping[Partition, tuple[int, int | None]]) -> None:
        """Note positions that have been committed."""
        for partition, (position, epoch) in positions.items():
            partition.position = partition.committed = position
            partition.epoch = epoch

    def lag(self) -> dict[str, int]:
        """Unfinished records by topic, by what the broker last told."""
        return self._ends.behind(self._partitions.values())

    def halted_lag(self) -> dict[str, int]:
        """Those of them on halted partitions."""
        return self._ends.behind(p for p in self._partitions.values() if p.halted)

    def due(self) -> int:
        """Unfinished records that may be worked on: neither on a halted partition nor waiting for a retry."""
        due = (p for p in self._partitions.values() if not p.halted and p.topic != self._retry_topic)
        return sum(self._ends.behind(due).values())

    def verify(self, topics: Collection[str]) -> None:
        """Make sure that records which have just come from `topics` are of the logs that were assigned.

        The client goes on at its old offset in a topic that was deleted and made again, without a word.

        Raises:
            WentBack: They are not.
        """
        if self._runtime.monotonic() < self._verify_at:
            return
        try:
            ids = self._logs.topic_ids(topics, seconds=_VERIFY_SECONDS)
        except Unavailable as error:
            log.debug("topics cannot be verified now", reason=error.message)
            self._verify_at = self._runtime.monotonic() + _VERIFY_AGAIN_SECONDS
            return
        for partition in self._partitions.values():
            if partition.owned and ids.get(partition.topic, partition.log) != partition.log:
                raise WentBack(partition.topic, "the topic was deleted and made again", another_log=True)

    def check(self, look: Look) -> None:
        """Compare the logs with what is committed in them.

        Raises:
            WentBack: A log is another than that which was assigned, or was cut below what is committed.
        """
        for place, known in look.known.items():
            found, partition = look.logs.get(place), self._partitions.get(place)
            if found is None or partition is None:
                continue
            if found.topic_id != partition.log:
                raise WentBack(partition.topic, "the topic was deleted and made again", another_log=True)
            if found.end < 0:
                continue
            self._ends.note(place, found)
            less = found.end < known or look.committed.get(place, known) < known
            partition.doubts = partition.doubts + 1 if less else 0
            if partition.doubts >= _DOUBTS:
                raise WentBack(partition.topic, "the broker holds less than what was committed")
            if self._idle(partition, found):
                self._idle_looks = min(_MOST_IDLE_LOOKS, 2 * self._idle_looks)
                raise WentBack(partition.topic, "nothing comes although there is something to read")

    def _idle(self, partition: Partition, found: Log) -> bool:
        """Whether the client has stopped to read: it ignores for good a broker that knows less than itself."""
        reached = max(partition.fetched, partition.end)
        resting = self._paused or partition.rests() or not partition.owned
        if reached > partition.reached >= 0:
            self._idle_looks = _IDLE_LOOKS
        idle = not resting and reached == partition.reached and found.end > reached
        partition.idle, partition.reached = partition.idle + 1 if idle else 0, reached
        return partition.idle >= self._idle_looks

    def write_off(self) -> None:
        """Tell the logs that are gone, and count what was left unread in them as far as is known.

        A broker that deletes a topic deletes its committed positions: nothing would tell of it later.
        """
        ids = self._patiently(lambda: self._logs.topic_ids({p.topic for p in self._partitions.values()}))
        for partition in self._partitions.values():
            log_id, end = ids.get(partition.topic, partition.log), self._ends.of(partition)
            if not partition.log or log_id == partition.log:
                continue
            self._positions.made_again(partition.topic, partition.number, partition.position, log_id)
            if end > partition.position:
                self._positions.expired(partition.topic, partition.number, partition.position, end)

    def find_place(self, partition: Partition, *, truncated: bool) -> None:
        """Go on reading where the client says that the log cannot be read from the position.

        Raises:
            WentBack: The log is another one, or ends before the position.
        """
        name = (partition.topic, partition.number)
        found = self._patiently(lambda: self._logs.look([name])).logs.get(name)
        if found is None:
            return  # the topic is gone; when it is there again, `check` sees it
        if found.topic_id != partition.log:
            raise WentBack(partition.topic, "the topic was deleted and made again", another_log=True)
        if 0 <= found.end < partition.fetched:
            raise WentBack(partition.topic, "the log ends before what was read of it")
        if truncated or partition.fetched >= found.start:
            # Also where the log reaches that far by now: it did not a moment ago, so what is there was written since.
            self._partitions[name] = self._positions.cut_off(partition, found)
        else:
            settled = partition.settled()
            self._positions.expired(*name, partition.fetched, found.start)
            partition.fetched = found.start
            if settled:
                partition.position = found.start
        now = self._partitions[name]
        if partition.care:
            now.care = new_care(now, partition.care)
        place = _nowhere(now) if now.care else _place(now, now.fetched)
        self._begin_at(place, paused=self._paused or bool(now.care))

    def _begin_at(self, place: TopicPartition, *, paused: bool) -> None:
        """Fetch from `place` next. Not by seeking: where the client has told that its position is not in the log, it
        seeks no more; it has to begin with the partition again."""
        if self._eager:  # this protocol knows assignments as a whole only
            places = [_place(partition, partition.fetched) for partition in self._partitions.values()]
            self._consumer.assign(places)
        else:
            places = [place]
            self._consumer.incremental_unassign(places)
            self._consumer.incremental_assign(places)
        if paused:
            self._consumer.pause(places)

    def _at_committed(self, assigned: Sequence[TopicPartition]) -> list[TopicPartition]:
        """Own `assigned` anew; returns where each goes on."""
        if not assigned:
            return []
        answer = self._committed(assigned)
        look = self._patiently(
            lambda: self._logs.look([(committed.topic, committed.partition) for committed in answer])
        )
        places: list[TopicPartition] = []
        for committed in answer:
            name = (committed.topic, committed.partition)
            partition = self._partitions[name] = self._positions.resumed(committed, look.logs.get(name))
            places.append(_place(partition, partition.position, epoch=partition.epoch))
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
            except (KafkaException, Unavailable) as error:
                reason = error.message if isinstance(error, Unavailable) else error.args[0].str()
                log.warning("the position in a partition cannot be found yet", reason=reason)
                if self._stopping():
                    raise Aborted("stopped while the broker was away") from error
                self._runtime.sleep(0.2)


def _place(partition: Partition, offset: int | None = None, *, epoch: int | None = None) -> TopicPartition:
    if offset is None:
        return TopicPartition(partition.topic, partition.number)
    return TopicPartition(partition.topic, partition.number, offset, "", -1 if epoch is None else epoch)


def _nowhere(partition: Partition) -> TopicPartition:
    """For a partition that is read with care: until its pause is heeded, the client may fetch from here, where nothing is."""
    return TopicPartition(partition.topic, partition.number, OFFSET_END)


def _commit_place(partition: Partition, offset: int, epoch: int | None, note: str) -> TopicPartition:
    metadata = with_log(note, partition.log)
    return TopicPartition(partition.topic, partition.number, offset, metadata, -1 if epoch is None else epoch)
