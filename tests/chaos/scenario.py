"""One run of the real pipeline over a fixed input, calm or under attack, and what it left on the topics.

Everything is real: Kafka, the stores, ingest, Ray Serve and the stage are processes of their own. The attack kills
ingest, the stage and engine replicas with SIGKILL at random moments while documents flow, lets second instances join
and leave, and kills the broker once. The input's keys, bytes, order and timestamps are the same in every run, so two
runs must leave the same bytes behind.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from confluent_kafka import Message, Producer

from tests.chaos.corpus import Submission
from tests.chaos.ledger import Entry, read_topic
from tests.support.processes import Supervised, wait_until
from tests.support.stack import Stack
from tests.support.topics import keep_writers_times

TOPICS = ("documents.accepted", "documents.rejected", "summaries.completed", "summaries.failed")
_REPLICA = "ServeReplica"


@dataclass(frozen=True, slots=True)
class Attack:
    """How a run is disturbed."""

    kills: int
    seed: int
    pause_seconds: tuple[float, float] = (0.5, 3.0)


@dataclass(slots=True)
class Outcome:
    """What a run left behind."""

    topics: dict[str, list[Entry]]
    keys_by_origin: dict[tuple[int, int], str]
    kills: dict[str, int] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Pipeline:
    """The service processes of one run."""

    def __init__(self, stack: Stack, logs: Path) -> None:
        self._stack = stack
        self._logs = logs
        self._processes: dict[str, Supervised] = {}
        self._shared = {
            **stack.environ(),
            "BREVITY_MODE": "local",
            "BREVITY_SUMMARIZE_SERVE_PORT": str(stack.free_port()),
            "BREVITY_SUMMARIZE_RAY_METRICS_PORT": "0",
        }
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, module: str, *arguments: str, **environ: str) -> Supervised:
        process = Supervised(
            name,
            ["-m", module, *arguments],
            {**self._shared, **environ},
            self._logs / f"{name}.log",
        )
        self._processes[name] = process
        return process

    def ingest(self, number: int) -> Supervised:
        return self.start(
            f"ingest-{number}",
            "brevity.ingest",
            BREVITY_STAGE_INSTANCE_ID=f"ingest-{number}",
            BREVITY_HTTP_PORT=str(self._stack.free_port()),
            **_SMALL_BATCHES,
        )

    def stage(self, number: int) -> Supervised:
        return self.start(
            f"stage-{number}",
            "brevity.summarize",
            "stage",
            BREVITY_STAGE_INSTANCE_ID=f"summarize-{number}",
            BREVITY_HTTP_PORT=str(self._stack.free_port()),
            **_SMALL_BATCHES,
        )

    def stop(self) -> dict[str, int]:
        """Exit status by process; the engine goes last."""
        order = sorted(self._processes.values(), key=lambda process: process.name == "serve")
        return {process.name: process.stop() for process in order}

    def leave(self, name: str) -> int:
        return self._processes.pop(name).stop()

    def kill_count(self) -> dict[str, int]:
        return {process.name: process.kills for process in self._processes.values()}


_SMALL_BATCHES = {"BREVITY_STAGE_BATCH_RECORDS": "32", "BREVITY_STAGE_SESSION_TIMEOUT_SECONDS": "6"}
"""So that many batches are under way when something dies, and its partitions are soon taken over."""


def run(
    stack: Stack,
    submissions: Sequence[Submission],
    *,
    base_timestamp_ms: int,
    logs: Path,
    attack: Attack | None = None,
    patience_seconds: float = 240.0,
) -> Outcome:
    """Send `submissions` through the whole pipeline and wait until each has an outcome.

    Raises:
        TimeoutError: No outcome was added for `patience_seconds`; says what is missing.
    """
    keep_writers_times(stack.kafka, "documents.submitted")
    pipeline = Pipeline(stack, logs)
    began = time.monotonic()
    exits: dict[str, int] = {}
    try:
        serve = pipeline.start("serve", "brevity.summarize", "serve")
        ingest, stage = pipeline.ingest(1), pipeline.stage(1)
        keys_by_origin: dict[tuple[int, int], str] = {}
        producing = threading.Thread(
            target=_produce, args=(stack, submissions, base_timestamp_ms, keys_by_origin, attack), daemon=True
        )
        producing.start()
        if attack is not None:
            exits |= _disturb(stack, pipeline, ingest, stage, serve, attack)
        producing.join()
        _wait_for_outcomes(stack, submissions, patience_seconds)
        kills = pipeline.kill_count()
    finally:
        exits |= pipeline.stop()
    topics = {topic: read_topic(stack.kafka, topic) for topic in TOPICS}
    return Outcome(topics, keys_by_origin, kills, exits, time.monotonic() - began)


def _produce(
    stack: Stack,
    submissions: Sequence[Submission],
    base_timestamp_ms: int,
    keys_by_origin: dict[tuple[int, int], str],
    attack: Attack | None,
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": stack.kafka.bootstrap_servers,
            "enable.idempotence": True,
            "message.max.bytes": 41_000_000,
            "linger.ms": 5,
        }
    )

    def placed(error: object, message: Message) -> None:
        if error is not None:
            raise RuntimeError(f"the producer itself failed: {error}")
        partition, offset, key = message.partition(), message.offset(), message.key()
        assert partition is not None
        assert offset is not None
        assert key is not None
        keys_by_origin[partition, offset] = key.decode()

    # Spread over the whole attack, so that each kill falls while documents are on their way.
    span = 0.0 if attack is None else attack.kills * sum(attack.pause_seconds) / 2
    for number, submission in enumerate(submissions):
        producer.produce(
            "documents.submitted",
            key=submission.key,
            value=submission.value,
            timestamp=base_timestamp_ms + number,
            on_delivery=placed,
        )
        producer.poll(span / len(submissions))
    unsent = producer.flush(120)
    assert unsent == 0


def _disturb(
    stack: Stack, pipeline: Pipeline, ingest: Supervised, stage: Supervised, serve: Supervised, attack: Attack
) -> dict[str, int]:
    """Kill something `attack.kills` times; on the way let second instances join and leave and the broker die once."""
    rng = random.Random(attack.seed)
    exits: dict[str, int] = {}
    joins, leaves, broker_dies = attack.kills // 4, attack.kills * 3 // 4, attack.kills // 2
    for kill in range(attack.kills):
        if kill == joins:
            pipeline.ingest(2)
            pipeline.stage(2)
        if kill == leaves:
            exits["ingest-2 leaving"] = pipeline.leave("ingest-2")
            exits["stage-2 leaving"] = pipeline.leave("stage-2")
        if kill == broker_dies:
            stack.kafka_server.kill()
            stack.kafka_server.start()
            stack.kafka_server.wait_ready()
        time.sleep(rng.uniform(*attack.pause_seconds))
        victim = rng.choice(("ingest", "ingest", "stage", "stage", "replica"))
        if victim == "replica" and _kill_a_replica(serve.pid):
            serve.kills += 1
        elif victim == "ingest":
            ingest.kill()
        else:
            stage.kill()
    return exits


def _kill_a_replica(serve_pid: int) -> bool:
    """SIGKILL one engine replica of the Ray cluster that `serve_pid` started; False when none runs just now."""
    for process in psutil.Process(serve_pid).children(recursive=True):
        try:
            if any(_REPLICA in part for part in process.cmdline()):
                process.kill()
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def _wait_for_outcomes(stack: Stack, submissions: Sequence[Submission], patience_seconds: float) -> None:
    wanted = len(submissions)
    best, since = -1, time.monotonic()

    def finished() -> bool:
        nonlocal best, since
        rejected = len(read_topic(stack.kafka, "documents.rejected"))
        completed = len({entry.key for entry in read_topic(stack.kafka, "summaries.completed")})
        failed = len(read_topic(stack.kafka, "summaries.failed"))
        now = rejected + completed + failed
        if now > best:
            best, since = now, time.monotonic()
        elif time.monotonic() - since > patience_seconds:
            raise TimeoutError(
                f"stuck at {completed} completed, {rejected} rejected, {failed} failed of {wanted} for {patience_seconds} s"
            )
        return now >= wanted

    wait_until("an outcome for every submission", finished, seconds=3_600, every=1.0)
