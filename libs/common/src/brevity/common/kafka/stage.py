"""The exactly-once stage: consume, transform, then publish and commit in one short transaction.

One thread owns the Kafka clients: it fetches, hands batches to worker threads and commits those of a partition in the
order they were handed out, however they finish. Work happens outside any transaction; only results are published in one, together
with the offsets of the records they came from and fenced by the group's generation (KIP-447). What was lost with a
partition, or with a transaction, is thrown away and done again by whoever owns the partition now. The contract this
implements is docs/delivery.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from confluent_kafka import Message, TopicPartition

from brevity.common.errors import Fatal, Rejected, Unavailable
from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.batch_header import batch_header
from brevity.common.kafka.blame import Abandoned
from brevity.common.kafka.careful import Careful
from brevity.common.kafka.client import consumer_config
from brevity.common.kafka.commit import commit
from brevity.common.kafka.inflight import Batch, InFlight, Item, Partition, Waiting
from brevity.common.kafka.intake import Fenced, Intake, read
from brevity.common.kafka.logs import WentBack
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.positions import Expired
from brevity.common.kafka.progress import Progress
from brevity.common.kafka.record import OutRecord
from brevity.common.kafka.results import DeadLetter, Handler
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.kafka.topics import retry_topic
from brevity.common.kafka.transaction import Aborted, Transactions
from brevity.common.kafka.transform import Fate, Transform
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings, StageSettings

log = get_logger(__name__)

_IDLE_POLL_SECONDS = 0.1
_BUSY_POLL_SECONDS = 0.002
_FULL_PATIENCE_SECONDS = 1.0
"""How long a full stage just waits before it pauses its partitions: pausing throws prefetched records away."""
_BESIDE = 1
"""Workers for what was set aside, beside those for the others."""
_FENCED_AGAIN_SECONDS = 60.0
"""Who is fenced twice within this has a second instance of its name."""
_REVOKE_SECONDS = 5.0
"""How long giving partitions up may wait for their records in work, so that the next owner need not redo them."""


class Stage:
    """Runs `handler` over the records of `sources`, exactly once as seen by read_committed readers.

    Args:
        name: For logs and metrics, e.g. `ingest`.
        group: Consumer group; the stage also consumes and writes `retry_topic(group)`.
        handler: See `brevity.common.kafka.results.Handler`.
        dead_letter: Builds what replaces a record given up on.
        metrics: Instruments to record to; made when absent (once in a process).
        runtime: Time, threads and Kafka clients; a simulation gives its own.
        on_expired: Told of records that were gone before they were read, in the stage's own thread: it must be quick.
    """

    def __init__(
        self,
        name: str,
        kafka: KafkaSettings,
        settings: StageSettings,
        group: str,
        sources: Sequence[str],
        handler: Handler,
        dead_letter: DeadLetter,
        metrics: StageMetrics | None = None,
        runtime: Runtime = REAL,
        *,
        on_expired: Expired | None = None,
    ) -> None:
        self._runtime = runtime
        self._name = name
        self._settings = settings
        self._topics = [*sources, retry_topic(group)]
        self._metrics = metrics or StageMetrics(name)
        self._stop = runtime.flag()
        self._abandon = runtime.flag()
        self._beat_at = runtime.monotonic()
        self._transform = Transform(
            handler, dead_letter, settings, retry_topic(group), self._metrics, self._abandon, runtime=runtime
        )
        self._transactions = Transactions(
            kafka,
            group,
            settings.instance_id,
            beat=self._beat,
            stopping=self._stop.is_set,
            runtime=runtime,
        )
        self._consumer_config = consumer_config(
            kafka,
            group,
            instance_id=settings.instance_id,
            session_timeout_seconds=settings.session_timeout_seconds,
        ) | {
            "enable.partition.eof": True,
            "auto.offset.reset": "error",  # a position that the log does not have is never mended unseen
        }
        self._consumer: Any = runtime.consumer(self._consumer_config)
        logs = runtime.logs(kafka, group)
        self._assignment = Assignment(
            self._consumer,
            logs,
            settings,
            retry_topic(group),
            self._metrics,
            beat=self._beat,
            stopping=self._stop.is_set,
            on_expired=on_expired,
            runtime=runtime,
            care=True,
        )
        self._watch = runtime.log_watch(logs, self._assignment.known)
        self._progress = Progress(self._metrics, self._assignment, self._topics, runtime=runtime)
        self._intake = Intake(
            self._assignment,
            settings,
            lambda topic, partition, offset: batch_header(kafka, topic, partition, offset),
            runtime=runtime,
        )
        self._careful = Careful(self._assignment, self._intake.taken, runtime.raw_log(kafka), runtime)
        self._waiting = Waiting(settings)
        self._in_flight = InFlight()
        self._rewind_due = False
        self._fenced_at = -_FENCED_AGAIN_SECONDS
        self._oldest_waiting = 0.0
        self._full_since = 0.0
        self._workers = runtime.workers(settings.max_in_flight_batches + _BESIDE, name)

    def run(self) -> None:
        """Work until `stop`; returns when what was in flight is committed and the group is left.

        Raises:
            Fatal: A person is needed; nothing was committed past the cause.
        """
        try:
            self._transactions.open()
            self._subscribe()
            self._watch.start()
            log.info("stage started", stage=self._name, topics=self._topics)
            while not self._stop.is_set():
                try:
                    self._turn()
                except WentBack as error:
                    self._go_back(error)
                except Fenced as error:
                    self._come_back(error)
            self._abandon.set()  # a batch that is held for a dependency is redone by whoever comes next
            self._drain(self._settings.graceful_stop_seconds)
            self._assignment.give_back(self._assignment.all())
        except Aborted:
            log.info("stage stopped while the broker was away", stage=self._name)
        finally:
            self._stop.set()  # closing revokes partitions: nothing may be committed past what failed
            self._abandon.set()
            self._watch.close()
            self._careful.close()
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._consumer.close()
            self._transactions.close()
        log.info("stage stopped", stage=self._name)

    def stop(self) -> None:
        """Ask `run` to finish; safe from any thread and from a signal handler."""
        self._stop.set()

    def heartbeat_age_seconds(self) -> float:
        """Seconds since the loop last turned."""
        return self._runtime.monotonic() - self._beat_at

    def unfinished_records(self) -> int:
        """See `Progress.unfinished`."""
        return self._progress.unfinished

    def ping(self) -> None:
        """Raises Unavailable when this instance works on nothing, or not on all that it should."""
        partitions = self._assignment.all()
        halted = sorted(f"{place.topic}/{place.number}" for place in partitions if place.halted)
        if halted:
            raise Unavailable(
                f"halted by too many dead letters: {', '.join(halted[:5])} ({len(halted)} of {len(partitions)})",
                code="partition_halted",
                remedy="Mend the cause (`brevity dlq list`), then restart the service.",
            )
        if not partitions:
            raise Unavailable(
                "no partitions are assigned: Kafka is away, or others have them all", code="kafka"
            )

    def ready(self) -> bool:
        """Whether partitions are assigned and none is halted. (With more instances than partitions one idles, unready.)"""
        partitions = self._assignment.all()
        return bool(partitions) and not any(partition.halted for partition in partitions)

    def _subscribe(self) -> None:
        self._consumer.subscribe(
            self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _go_back(self, cause: WentBack) -> None:
        """Find all positions again, with a new client: the old one would ignore a broker that knows less than itself."""
        log.error(
            "a log is no longer the one that was read: beginning anew", stage=self._name, reason=str(cause)
        )
        if cause.another_log:
            # What was read of the old log is nowhere else. Its positions are marked as belonging to it.
            self._finish(_REVOKE_SECONDS)
            self._assignment.write_off()
        self._begin_anew()

    def _come_back(self, cause: Fenced) -> None:
        """Join again under this name; a second instance of the same name is told by being fenced again soon."""
        before, self._fenced_at = self._fenced_at, self._runtime.monotonic()
        if self._fenced_at - before < _FENCED_AGAIN_SECONDS:
            raise Fatal(
                f"Kafka refuses this consumer: {cause}",
                code="kafka_refused",
                remedy="See that no other instance has the same BREVITY_STAGE_INSTANCE_ID.",
            )
        log.warning("fenced: joining the group again", stage=self._name, reason=str(cause))
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._assignment.disown()
        self._metrics.discarded.inc(self._waiting.forget_lost())
        self._rewind_due = False
        before, self._consumer = self._consumer, self._runtime.consumer(self._consumer_config)
        self._assignment.begin_anew(self._consumer)
        before.close()
        self._watch.take()
        self._subscribe()

    def _finish(self, seconds: float) -> None:
        """Work off what has arrived, for `seconds` at most."""
        deadline = self._runtime.monotonic() + seconds
        while (self._waiting or self._in_flight) and self._runtime.monotonic() < deadline:
            if self._stop.is_set() or self._rewind_due:
                return
            self._beat()
            self._dispatch()
            if self._in_flight:
                self._runtime.wait(self._in_flight.futures(), 0.05)
            self._commit_finished()

    def _beat(self) -> None:
        self._beat_at = self._runtime.monotonic()

    def _turn(self) -> None:
        self._beat()
        if self._rewind_due:
            self._rewind()
        look = self._watch.take()
        if look is not None:
            self._assignment.check(look)
        full = self._in_flight.ordinary() >= self._settings.max_in_flight_batches
        if full and self._waiting.full():
            self._wait_while_full()
        else:
            self._full_since = 0.0
            self._assignment.resume()
            self._fetch()
            self._fetch_with_care()
        self._dispatch()
        self._commit_finished()
        self._show_progress()

    def _wait_while_full(self) -> None:
        """Backpressure: first wait; when that takes long, pause, so that the group protocol can be served meanwhile."""
        now = self._runtime.monotonic()
        self._full_since = self._full_since or now
        if now - self._full_since < _FULL_PATIENCE_SECONDS:
            self._runtime.wait(self._in_flight.futures(), 0.05)
            return
        self._assignment.pause()
        self._take([self._consumer.poll(0.05)])

    def _fetch(self) -> None:
        busy = bool(self._in_flight or self._waiting or self._careful.busy())
        first = self._consumer.poll(_BUSY_POLL_SECONDS if busy else _IDLE_POLL_SECONDS)
        if first is None:
            return
        self._take([first])
        if not self._waiting.full():
            self._take(self._consumer.consume(self._settings.batch_records, 0))

    def _take(self, messages: Sequence[Message | None]) -> None:
        topics = {
            str(message.topic()) for message in messages if message is not None and message.error() is None
        }
        if topics:
            self._assignment.verify(topics)
        self._add(item for message in messages if message is not None for item in self._intake.items(message))

    def _fetch_with_care(self) -> None:
        if not self._rewind_due:
            self._add(self._until_full(self._careful.items()))

    def _until_full(self, items: Iterator[Item]) -> Iterator[Item]:
        while not self._waiting.full() and (item := next(items, None)) is not None:
            yield item

    def _add(self, items: Iterable[Item]) -> None:
        consumed: dict[str, int] = {}
        for item in items:
            if not self._waiting:
                self._oldest_waiting = self._runtime.monotonic()
            self._waiting.add(item)
            consumed[item.partition.topic] = consumed.get(item.partition.topic, 0) + 1
        for topic, count in consumed.items():
            self._metrics.consumed.labels(topic).inc(count)

    def _dispatch(self) -> None:
        limit = self._settings.max_in_flight_batches
        while self._waiting and self._in_flight.ordinary() < limit:
            if self._in_flight.last_is_alone():
                return
            fresh = self._runtime.monotonic() - self._oldest_waiting < self._settings.batch_wait_seconds
            if self._in_flight.ordinary() and fresh and not self._waiting.full():
                return  # the workers have something to do: let the batch fill
            batch = self._waiting.next_batch()
            if batch is None:
                return
            if batch.alone:
                self._drain(None)
            self._start(batch)

    def _start(self, batch: Batch) -> None:
        self._oldest_waiting = self._runtime.monotonic()
        batch.items = [item for item in batch.items if item.partition.owned]
        if not batch.items:
            return  # lost meanwhile: nothing was begun
        self._assignment.sign_for(batch)
        self._metrics.batch_records.observe(len(batch.items))
        first = batch.items[0]
        deaths = first.partition.guard.gives_up(first.offset)
        if deaths:
            error = Rejected(
                f"the worker died {deaths} times while it had this record alone in work",
                code="crashed_worker",
                remedy="See the worker's log for the cause, mend it, then replay: `brevity dlq replay`.",
            )
            batch.future = self._workers.submit(
                lambda: [self._transform.give_up(first.record, error, deaths)]
            )
        else:
            batch.future = self._workers.submit(lambda: self._transform([read(item) for item in batch.items]))
        self._in_flight.add(batch)

    def _commit_finished(self) -> None:
        """Commit what is finished, in one transaction."""
        done: list[tuple[Item, Fate]] = []
        for batch in self._in_flight.take_finished():
            try:
                done += zip(batch.items, batch.future.result(), strict=True)
            except Abandoned:
                for item in batch.items:
                    item.partition.owned = False  # nothing later of these partitions may be committed
        owned = [(item, fate) for item, fate in done if item.partition.owned]
        if len(owned) < len(done):
            self._metrics.discarded.inc(len(done) - len(owned))
        if owned:
            self._commit(owned)

    def _commit(self, done: Sequence[tuple[Item, Fate]]) -> None:
        began = time.perf_counter()
        outputs: list[OutRecord] = []
        positions: dict[Partition, tuple[int, int | None]] = {}
        for item, fate in done:
            outputs += fate.outputs
            positions[item.partition] = item.offset + 1, item.epoch
        offsets = self._assignment.offsets(positions)
        try:
            commit(self._transactions, self._consumer, self._metrics, outputs, offsets, runtime=self._runtime)
        except Aborted as error:
            self._metrics.discarded.inc(len(done))
            if self._stop.is_set():
                raise
            log.warning("rewinding", reason=str(error))
            # Not here: this may run inside a rebalance callback, with records of the old position on their way to
            # `_take`, which would pass for the next ones of a partition that has already gone back.
            self._assignment.disown()
            self._rewind_due = True
            return
        self._assignment.committed(positions)
        self._metrics.commit_seconds.observe(time.perf_counter() - began)
        self._progress.finished(done, outputs)
        for item, fate in done:
            self._assignment.count(item.partition, fate)

    def _drain(self, seconds: float | None) -> None:
        """Wait for what is in work and commit it; for `seconds` at most (None: until done or told to stop)."""
        deadline = self._runtime.monotonic() + seconds if seconds is not None else None
        while self._in_flight:
            self._beat()
            if self._runtime.monotonic() >= deadline if deadline is not None else self._stop.is_set():
                return
            self._runtime.wait(self._in_flight.futures(), 0.05)
            self._commit_finished()

    def _rewind(self) -> None:
        self._rewind_due = False
        self._assignment.rewind()
        self._metrics.discarded.inc(self._waiting.forget_lost())

    def _on_assign(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # of the client that was replaced
        self._metrics.rebalances.labels("assigned").inc()
        self._assignment.take(partitions)
        log.info("partitions assigned", stage=self._name, partitions=_names(partitions))

    def _on_revoke(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # of the client that was replaced
        self._metrics.rebalances.labels("revoked").inc()
        if not self._stop.is_set():
            self._drain(_REVOKE_SECONDS)
            leaving = (self._assignment.get(place.topic, place.partition) for place in partitions)
            self._assignment.give_back([partition for partition in leaving if partition is not None])
        self._forget(partitions)
        log.info("partitions revoked", stage=self._name, partitions=_names(partitions))

    def _on_lost(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        if consumer is not self._consumer:
            return  # of the client that was replaced
        self._metrics.rebalances.labels("lost").inc()
        self._forget(partitions)
        log.warning("partitions lost", stage=self._name, partitions=_names(partitions))

    def _forget(self, partitions: list[TopicPartition]) -> None:
        self._assignment.drop(partitions)
        self._metrics.discarded.inc(self._waiting.forget_lost())

    def _show_progress(self) -> None:
        if self._progress.due():
            self._progress.show([*self._waiting], [*chain.from_iterable(b.items for b in self._in_flight)])


def _names(partitions: Sequence[TopicPartition]) -> list[str]:
    return [f"{place.topic}/{place.partition}" for place in partitions]
