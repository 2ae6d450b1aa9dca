"""Replicas behind Serve, simulated step by step: calls queue, replicas load, work and report, a policy decides.

What replicas measure is measured by the real `Workload`; a policy sees it as old as Serve lets it be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ray.serve._private.common import DeploymentID, TimeStampedValue
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from brevity.summarize.serving.workload import Workload

Policy = Callable[[AutoscalingContext], tuple[float, dict[str, Any]]]

STEP, RECORDED_EVERY, REPORTED_EVERY = 0.5, 3.0, 10.0
DOCUMENTS_A_CALL, TOKENS_A_DOCUMENT = 32, 100
MOST_CALLS = 16
"""At Serve at once from one stage; what more there is waits on the topic."""


def context(
    reported: dict[str, dict[Any, list[TimeStampedValue]]],
    *,
    now: float,
    running: int,
    target: int,
    most: int = 16,
    queued: int = 0,
    in_work: int = 0,
    state: dict[str, Any] | None = None,
) -> AutoscalingContext:
    """What Serve gives to a policy."""
    return AutoscalingContext(
        deployment_id=DeploymentID("engine", "summarize"), deployment_name="engine", app_name="summarize",
        running_replicas=[], current_num_replicas=running, target_num_replicas=target,
        total_num_requests=float(queued + in_work), total_queued_requests=float(queued),
        aggregated_metrics=None, raw_metrics=reported,
        capacity_adjusted_min_replicas=1, capacity_adjusted_max_replicas=most,
        policy_state=state or {}, last_scale_up_time=None, last_scale_down_time=None,
        current_time=now, config=AutoscalingConfig(min_replicas=1, max_replicas=most),
    )  # fmt: skip


@dataclass
class Replica:
    work: Workload
    ready_at: float
    busy_until: float | None = None
    calls: int = 0
    points: dict[str, list[TimeStampedValue]] = field(default_factory=dict[str, list[TimeStampedValue]])
    reported: dict[str, list[TimeStampedValue]] = field(default_factory=dict[str, list[TimeStampedValue]])


class Cluster:
    """Starts with one replica that is ready. Times are seconds from the start.

    Args:
        call_seconds: Time of a replica for one call.
    """

    def __init__(self, policy: Policy, *, call_seconds: float, load_seconds: float, most: int = 16) -> None:
        self.now = 0.0
        self.documents = 0
        self.target = 1
        self.changes: list[tuple[float, int]] = []
        self.most = most
        self._policy, self._call_seconds, self._load_seconds = policy, call_seconds, load_seconds
        self._queue: deque[int] = deque()
        self._state: dict[str, Any] = {}
        self.replicas = [self._new()]
        self.stopped: list[Replica] = []
        self.run(load_seconds + STEP)

    @property
    def left(self) -> int:
        """Documents that are not done."""
        at_work = sum(replica.busy_until is not None for replica in self.replicas)
        return self.documents + (len(self._queue) + at_work) * DOCUMENTS_A_CALL

    def run(self, seconds: float, arriving: float = 0.0) -> None:
        """Go on for so long, while so many documents arrive a second."""
        owed = 0.0
        for _ in range(round(seconds / STEP)):
            owed += arriving * STEP
            self.documents, owed = self.documents + int(owed), owed % 1
            self._step()

    def drain(self, limit: float = 10_000) -> float:
        """Seconds until nothing is left."""
        began = self.now
        while self.left and self.now < began + limit:
            self._step()
        return self.now - began

    def _new(self) -> Replica:
        return Replica(Workload(lambda: self.now), self.now + self._load_seconds)

    def _step(self) -> None:
        for replica in self.replicas:
            if replica.busy_until is not None and replica.busy_until <= self.now:
                replica.busy_until = None
                replica.work.end(DOCUMENTS_A_CALL * TOKENS_A_DOCUMENT)
        self._call()
        idle = [r for r in self.replicas if r.ready_at <= self.now and r.busy_until is None]
        for replica in idle[: len(self._queue)]:
            replica.work.heard("stage", self._queue.popleft())
            replica.work.begin(DOCUMENTS_A_CALL)
            replica.busy_until, replica.calls = self.now + self._call_seconds, replica.calls + 1
        for replica in self.replicas:
            self._report(replica)
        self._decide()
        self.now += STEP

    def _call(self) -> None:
        """As the stage does: whole calls as long as they are taken, each with what it leaves behind."""
        at_work = sum(replica.busy_until is not None for replica in self.replicas)
        while self.documents >= DOCUMENTS_A_CALL and len(self._queue) + at_work < MOST_CALLS:
            self.documents -= DOCUMENTS_A_CALL
            self._queue.append(self.documents)

    def _report(self, replica: Replica) -> None:
        if replica.ready_at > self.now:
            return
        replica.work.ready()
        if self.now % RECORDED_EVERY < STEP:
            for name, value in replica.work.figures().items():
                replica.points.setdefault(name, []).append(TimeStampedValue(self.now, value))
        if self.now % REPORTED_EVERY < STEP:
            recent = {
                n: [p for p in points if p.timestamp > self.now - 15] for n, points in replica.points.items()
            }
            replica.reported = {name: points for name, points in recent.items() if points}

    def _decide(self) -> None:
        running = [r for r in self.replicas if r.ready_at <= self.now]
        raw: dict[str, dict[Any, Any]] = {}
        for number, replica in enumerate(running):
            for name, points in replica.reported.items():
                raw.setdefault(name, {})[number] = points
        at_work = sum(replica.busy_until is not None for replica in running)
        seen = context(
            raw, now=self.now, running=len(running), target=self.target, most=self.most, queued=len(self._queue),
            in_work=at_work, state=self._state,
        )  # fmt: skip
        decided, self._state = self._policy(seen)
        self._scale(max(1, min(self.most, -int(-decided // 1))))

    def _scale(self, wanted: int) -> None:
        if wanted != self.target:
            self.changes.append((self.now, wanted))
            self.target = wanted
        while len(self.replicas) < wanted:
            self.replicas.append(self._new())
        for replica in [r for r in reversed(self.replicas) if r.busy_until is None]:
            if len(self.replicas) > wanted:
                self.replicas.remove(replica)
                self.stopped.append(replica)
