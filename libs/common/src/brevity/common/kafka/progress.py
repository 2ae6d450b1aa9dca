"""How far a stage is, as its metrics tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import product

from brevity.common.kafka.assignment import Assignment
from brevity.common.kafka.inflight import Item
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.kafka.transform import Fate

_GAUGES_EVERY_SECONDS = 2.0


class Progress:
    """Counts what a stage finished and shows what is left; used by the stage's thread, but for `unfinished`.

    Attributes:
        unfinished: Records that wait or are in work, as of some seconds ago, without those that wait for a retry or on
            a halted partition; may be read from any thread.
    """

    def __init__(
        self, metrics: StageMetrics, assignment: Assignment, topics: Sequence[str], runtime: Runtime = REAL
    ) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._assignment = assignment
        self._topics = topics
        self._gauges_at = 0.0
        self.unfinished = 0

    def finished(self, done: Iterable[tuple[Item, Fate]], outputs: Iterable[OutRecord]) -> None:
        """Count what a transaction has committed."""
        now_ms = self._runtime.time() * 1000
        for out in outputs:
            self._metrics.produced.labels(out.topic).inc()
        for item, fate in done:
            self._metrics.finished.labels(fate.outcome).inc()
            if item.record.timestamp_ms > 0:
                self._metrics.end_to_end_seconds.observe(max(0.0, now_ms - item.record.timestamp_ms) / 1000)
            if fate.outcome == "dead_letter":
                self._metrics.dead_letters.labels(fate.code).inc()

    def due(self) -> bool:
        """Whether the gauges are old enough to be set again."""
        return self._runtime.monotonic() - self._gauges_at >= _GAUGES_EVERY_SECONDS

    def show(self, waiting: Sequence[Item], in_flight: Sequence[Item]) -> None:
        """Set the gauges."""
        self._gauges_at = self._runtime.monotonic()
        self._metrics.in_flight.set(len(in_flight))
        lags, halted = self._assignment.lag(), self._assignment.halted_lag()
        self.unfinished = self._assignment.due()
        for topic in self._topics:
            self._metrics.lag.labels(topic).set(lags.get(topic, 0))
            self._metrics.halted.labels(topic).set(halted.get(topic, 0))
        times = [item.record.timestamp_ms for item in (*waiting, *in_flight) if item.record.timestamp_ms > 0]
        self._metrics.oldest.set(max(0.0, self._runtime.time() - min(times) / 1000) if times else 0.0)
        held = Counter((partition.topic, partition.halted) for partition in self._assignment.all())
        for topic, stands in product(self._topics, (False, True)):
            self._metrics.partitions.labels(topic, "halted" if stands else "open").set(held[topic, stands])
