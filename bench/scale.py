"""One to four instances of the summarize stage over the 8 partitions of `documents.accepted`, and catching up after a stall.

The instances are the service itself, each a process. They are measured with two engines:

- **waiting**: an engine whose time is waiting, as a remote GPU's is (`bench.waiting_engine`). An instance has one batch of
  16 at it at once, so that one instance can do 16 documents in the engine's time, and four could do four times that.
- **extractive**: the built-in engine inside each instance. Its time is CPU time, so the machine's cores are the limit,
  however many instances there are; broker and reader run on the same cores.

Instances are added to those that run, as an autoscaler adds them. The busiest instance's partitions set the limit: documents
are spread over 8, and what one instance has of them it has to do alone.

Each rate is that of the slowest path there is: from the first document written to the last summary that a read_committed
reader sees. For recovery, documents come at half of what four instances can do with the waiting engine; it stalls (its
queue is full), and then answers again. With load L of what can be done, the backlog of a stall of S seconds cannot be
gone sooner than S * L / (1 - L) seconds after it; `recovery` is that over the time it took.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, Producer
from deploy.local.java import free_port
from deploy.local.services import Service
from tests.support.stack import Stack, fresh_stack

from bench.report import QUICK, finish, show
from bench.waiting_engine import WaitingEngine
from brevity.common.events import DocumentAccepted, Origin, SummaryRequest, encode
from brevity.common.ids import content_hash
from brevity.common.kafka.client import producer_config
from brevity.common.kafka.topics import PIPELINE_PARTITIONS, RETRY_PARTITIONS
from brevity.nlp.words import count_words

INSTANCES = (1, 2, 4)
ENGINE_SECONDS = 0.4
BATCH = 16
ONE_CAN = BATCH / ENGINE_SECONDS
"""Documents a second that one instance could do with the waiting engine, if nothing else took time."""
SECONDS = 4.0 if QUICK else 15.0
"""About how long one measurement with the waiting engine lasts."""
EXTRACTIVE_DOCUMENTS = 300 if QUICK else 2_000
STALL_SECONDS = 4.0 if QUICK else 15.0
LOAD = 0.5
_BODY = (
    "The committee heard that the harbour works will be finished in spring and cost less than planned. "
    "Two members asked who had checked the figures. The chair answered that the auditors had, in March. "
    "A vote on the second basin was put off until the report of the engineers is there. "
) * 8


class Lane:
    """Writes accepted documents and counts their summaries, as a reader of committed records sees them."""

    def __init__(self, stack: Stack) -> None:
        self._producer: Any = Producer(producer_config(stack.kafka))
        self._reader: Any = Consumer(
            {
                "bootstrap.servers": stack.kafka.bootstrap_servers,
                "group.id": f"scale-{uuid.uuid4().hex}",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 20,
            }
        )
        self._reader.subscribe(["summaries.completed", "summaries.failed"])
        self.written = 0
        self._seen: set[str] = set()
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stopping = True
        self._thread.join()
        self._reader.close()

    def write(self, count: int) -> None:
        for _ in range(count):
            name = uuid.uuid4().hex
            text = f"Report {name}. {_BODY}"
            now = datetime.now(UTC)
            event = DocumentAccepted(
                document_id=name,
                tenant="default",
                content_hash=content_hash(text.encode()),
                language="en",
                language_confidence=1.0,
                word_count=count_words(_BODY) + 2,
                char_count=len(text),
                text=text,
                summary=SummaryRequest(words=40),
                submitted_at=now,
                origin=Origin(topic="documents.submitted", partition=0, offset=self.written),
            )
            out = encode(event, source="bench", time=now)
            self._producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
            self._producer.poll(0)
            self.written += 1
        assert self._producer.flush(60) == 0

    def outstanding(self) -> int:
        with self._changed:
            return self.written - len(self._seen)

    def wait(self, seconds: float = 300.0) -> None:
        """Until every document written has its summary."""
        with self._changed:
            done = self._changed.wait_for(lambda: len(self._seen) >= self.written, seconds)
            assert done, f"{self.written - len(self._seen)} of {self.written} documents have no summary"

    def _follow(self) -> None:
        while not self._stopping:
            for message in self._reader.consume(500, 0.05):
                if message.error() is None:
                    assert message.topic() == "summaries.completed", message.value()[:300]
                    with self._changed:
                        self._seen.add(message.key().decode())
                        self._changed.notify_all()


class Instances:
    """Stage processes that share the group's partitions; more can be added."""

    def __init__(self, stack: Stack, folder: Path, environ: Mapping[str, str], ending: ExitStack) -> None:
        self._environ = {**stack.environ(), **environ, "BREVITY_STAGE_BATCH_RECORDS": str(BATCH)}
        self._folder, self._ending = folder, ending
        self._running: list[Service] = []

    def grow(self, count: int) -> None:
        """To `count` instances, each with its share of the 8 partitions of the source and the 8 of the retry topic."""
        added = []
        for number in range(len(self._running), count):
            folder = self._folder / f"{uuid.uuid4().hex[:6]}-{number}"
            one = Service(
                "stage", ["brevity.summarize", "stage"], self._environ, free_port(), folder, "/readyz"
            )
            one.start()
            self._ending.callback(one.stop)
            added.append(one)
        self._running += added
        for one in added:
            one.wait_ready()
        deadline = time.monotonic() + 60
        while not _even([self._partitions(one) for one in self._running]):
            assert time.monotonic() < deadline, "the partitions were not shared out evenly"
            time.sleep(0.2)

    def busiest(self) -> int:
        """The most partitions of `documents.accepted` that one instance has."""
        return int(max(self._partitions(one, "documents.accepted") for one in self._running))

    def _partitions(self, one: Service, topic: str = "") -> float:
        """Of `topic`, or of both topics together."""
        text = httpx.get(f"http://{one.address}/metrics", trust_env=False, timeout=10).text
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith("brevity_summarize_partitions{") and 'state="open"' in line and topic in line
        )


def rate(lane: Lane, count: int) -> float:
    """Documents a second from the first one written to the last summary seen."""
    lane.write(BATCH * 4)
    lane.wait()
    began = time.perf_counter()
    lane.write(count)
    lane.wait()
    return count / (time.perf_counter() - began)


def recovery(lane: Lane, engine: WaitingEngine, capacity: float) -> tuple[float, float, float]:
    """Seconds to catch up after the stall, the least it could have been, and the most documents that waited."""
    offered = capacity * LOAD
    stopping = threading.Event()

    def offer() -> None:
        began, sent = time.perf_counter(), 0
        while not stopping.wait(0.1):
            due = int((time.perf_counter() - began) * offered) - sent
            lane.write(due)
            sent += due

    producer = threading.Thread(target=offer)
    producer.start()
    try:
        usual: list[int] = []
        calm_until = time.perf_counter() + max(3.0, STALL_SECONDS / 2)
        while time.perf_counter() < calm_until:
            time.sleep(0.1)
            usual.append(lane.outstanding())
        caught_up = max(usual[len(usual) // 2 :])  # what is on its way when nothing is amiss
        engine.stalled.set()
        time.sleep(STALL_SECONDS)
        engine.stalled.clear()
        began, most = time.perf_counter(), lane.outstanding()
        while lane.outstanding() > caught_up:
            most = max(most, lane.outstanding())
            assert time.perf_counter() - began < 20 * STALL_SECONDS, "it never caught up"
            time.sleep(0.05)
        seconds = time.perf_counter() - began
    finally:
        stopping.set()
        producer.join()
    lane.wait()
    return seconds, STALL_SECONDS * LOAD / (1 - LOAD), most


def _even(shares: Sequence[float]) -> bool:
    """Whether all partitions of source and retry topic are held, and nobody holds two more than another."""
    return sum(shares) == PIPELINE_PARTITIONS + RETRY_PARTITIONS and max(shares) - min(shares) <= 1


def main() -> None:
    rates: dict[str, dict[int, float]] = {"waiting": {}, "extractive": {}}
    busiest: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        lane = Lane(stack)
        engine = WaitingEngine(free_port(), ENGINE_SECONDS)
        try:
            with engine.listening(), ExitStack() as ending:
                remote = {
                    "BREVITY_SUMMARIZE_SERVE_PORT": str(engine.port),
                    "BREVITY_STAGE_MAX_IN_FLIGHT_BATCHES": "1",
                }
                instances = Instances(stack, Path(folder), remote, ending)
                for count in INSTANCES:
                    instances.grow(count)
                    busiest[count] = instances.busiest()
                    rates["waiting"][count] = rate(lane, int(SECONDS * ONE_CAN * count))
                took, least, most = recovery(lane, engine, rates["waiting"][max(INSTANCES)])
            with ExitStack() as ending:
                inside = {"BREVITY_SUMMARIZE_CLIENT": "local", "OMP_NUM_THREADS": "1"}
                instances = Instances(stack, Path(folder), inside, ending)
                for count in INSTANCES:
                    instances.grow(count)
                    rates["extractive"][count] = rate(lane, EXTRACTIVE_DOCUMENTS)
        finally:
            lane.close()
    show(
        f"documents a second of {count_words(_BODY):,} words, {os.cpu_count()} cores; 8 partitions",
        (
            "instances",
            "partitions of the busiest",
            "waiting engine",
            "of its limit",
            "extractive engine",
            "of one",
        ),
        [
            (
                count,
                busiest[count],
                rates["waiting"][count],
                rates["waiting"][count] / (PIPELINE_PARTITIONS / busiest[count] * ONE_CAN),
                rates["extractive"][count],
                rates["extractive"][count] / rates["extractive"][1],
            )
            for count in INSTANCES
        ],
    )
    show(
        f"a stall of {STALL_SECONDS:.0f} s at {LOAD:.0%} load, four instances, waiting engine",
        ("documents that waited", "caught up after (s)", "no sooner than (s)", "ratio"),
        [(most, took, least, least / took)],
    )
    finish(
        "scale",
        {
            "four_vs_one": rates["waiting"][4] / rates["waiting"][1],
            "extractive_four_vs_one": rates["extractive"][4] / rates["extractive"][1],
            "four_vs_limit": rates["waiting"][4] / (PIPELINE_PARTITIONS / busiest[4] * ONE_CAN),
            "recovery": least / took,
        },
    )


if __name__ == "__main__":
    main()
