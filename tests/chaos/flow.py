"""Documents on their way through ingest and an echoing stage behind it, while somebody breaks something.

Ingest is the real service with its stores. The stage behind it copies `documents.accepted` to a topic of its own, so that
each document must come out of two exactly-once stages once. What was sent and what came out is a history for the checker.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException, Message, Producer

from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.topics import TOPICS, Topic, retry_topic
from tests.chaos.corpus import documents
from tests.chaos.history import Event, Findings, History, Submission, check
from tests.chaos.ledger import Entry, read_topic
from tests.support.processes import Supervised
from tests.support.samples import sample_texts
from tests.support.stack import Stack

GROUP, SINK = "chaos.echo", "chaos.echoed"
_SETTINGS = {"batch_records": 32, "session_timeout_seconds": 6}
_INGEST = {"BREVITY_STAGE_BATCH_RECORDS": "32", "BREVITY_STAGE_SESSION_TIMEOUT_SECONDS": "6"}


@dataclass(frozen=True, slots=True)
class Wave:
    """What came of some documents.

    Attributes:
        in_flight: Those sent and not yet out of the second stage when the fault began.
        seconds: From the first one sent to the last one out.
        after: Of these, those after the fault was over and everything was sent.
    """

    submissions: int
    in_flight: int
    seconds: float
    after: float
    ingested: Findings
    echoed: Findings

    @property
    def clean(self) -> bool:
        return self.ingested.clean and self.echoed.clean

    def __str__(self) -> str:
        return (
            f"{self.submissions} documents, {self.in_flight} in flight, {self.seconds:.1f} s, {self.after:.1f} s after the"
            f" fault; ingested: {self.ingested}; echoed: {self.echoed}"
        )


class Flow:
    """The processes of one run and their documents. Use as a context."""

    def __init__(self, stack: Stack, folder: Path, name: str) -> None:
        self.stack = stack
        self.name = name
        self._folder = folder
        self._processes: dict[str, Supervised] = {}
        folder.mkdir(parents=True, exist_ok=True)
        apply_topics(stack.kafka, [*TOPICS, *_own_topics()])

    def __enter__(self) -> Flow:
        return self

    def __exit__(self, *_: object) -> None:
        stopping = [threading.Thread(target=process.stop) for process in self._processes.values()]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    # -- processes

    def ingest(self, name: str, environ: Mapping[str, str] | None = None) -> Supervised:
        """A process of the real service."""
        return self._start(
            f"ingest-{name}",
            ["-m", "brevity.ingest"],
            {
                **self.stack.environ(),
                **_INGEST,
                "BREVITY_STAGE_INSTANCE_ID": f"ingest-{name}",
                "BREVITY_HTTP_PORT": str(self.stack.free_port()),
                **(environ or {}),
            },
        )

    def echo(
        self, name: str, environ: Mapping[str, str] | None = None, *, named: bool = True, still: str = ""
    ) -> Supervised:
        """A process of the second stage; `still`: where it stops itself, see `tests.support.still_worker`."""
        arguments = [self.stack.kafka.bootstrap_servers, GROUP, "documents.accepted", SINK,
                     f"echo-{name}" if named else "", json.dumps(_SETTINGS)]  # fmt: skip
        module = "tests.support.still_worker" if still else "tests.support.echo_worker"
        return self._start(
            f"echo-{name}", ["-m", module, *arguments, *([still] if still else [])], environ or {}
        )

    def leave(self, *names: str) -> None:
        """Stop processes in good order."""
        for name in names:
            assert self._processes.pop(name).stop() == 0, f"{name} did not stop in good order"

    def unexpected_exits(self) -> dict[str, list[int]]:
        return {name: p.unexpected_exits for name, p in self._processes.items() if p.unexpected_exits}

    def _start(self, name: str, command: list[str], environ: Mapping[str, str]) -> Supervised:
        log = self._folder / f"{self.name}-{name}.log"
        self._processes[name] = process = Supervised(name, command, environ, log)
        return process

    # -- documents

    def wave(
        self, name: str, count: int, fault: Callable[[], None] | None = None, *, patience: float = 240.0
    ) -> Wave:
        """Send half of `count` documents, then the rest little by little while `fault` is done; wait for all.

        Raises:
            TimeoutError: Not every document came out within `patience` seconds after that.
        """
        run = f"{self.name}-{name}"
        corpus = documents(sample_texts(), count, run)
        sent: dict[str, str] = {}
        acknowledged: set[str] = set()
        producer = Producer(
            {
                "bootstrap.servers": self.stack.kafka.bootstrap_servers,
                "enable.idempotence": True,
                "linger.ms": 5,
            }
        )

        def delivered(error: object, message: Message) -> None:
            if error is None:
                acknowledged.add((message.key() or b"").decode())

        def send(some: range) -> None:
            for _, each in zip(some, corpus, strict=False):
                sent[each.key.decode()] = _mark(each.value)
                producer.produce("documents.submitted", key=each.key, value=each.value, on_delivery=delivered)
                producer.poll(0)

        began = time.monotonic()
        send(range(count // 2))
        producer.flush(60)
        in_flight = len(sent) - len(self._out(SINK, run))
        with ThreadPoolExecutor(1) as hands:
            working = hands.submit(fault or (lambda: None))
            while not working.done() and len(sent) < count - 20:
                send(range(5))
                producer.poll(0.1)
        working.result()
        over = time.monotonic()
        send(range(count))
        producer.flush(120)
        self._wait(run, acknowledged, over + patience)
        ended = time.monotonic()
        submissions = [
            Submission(key, mark, "acknowledged" if key in acknowledged else "unknown")
            for key, mark in sent.items()
        ]
        ingested = [*self._events("documents.accepted", run), *self._events("documents.rejected", run)]
        return Wave(
            len(sent),
            in_flight,
            ended - began,
            ended - over,
            check(History(submissions, ingested)),
            check(History(submissions, self._events(SINK, run))),
        )

    def _wait(self, run: str, wanted: set[str], deadline: float) -> None:
        while True:
            missing = wanted - {entry.key for entry in self._out(SINK, run)}
            if not missing:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{run}: {len(missing)} documents did not come out: {sorted(missing)[:5]}")
            time.sleep(0.2)

    def _out(self, topic: str, run: str) -> list[Entry]:
        """What is there now; nothing while the brokers cannot tell."""
        with suppress(KafkaException, TimeoutError, KeyError):
            return [entry for entry in read_topic(self.stack.kafka, topic) if entry.key.startswith(run)]
        return []

    def _events(self, topic: str, run: str) -> list[Event]:
        entries = read_topic(self.stack.kafka, topic)
        return [
            Event(entry.place, entry.key, _mark(entry.value))
            for entry in entries
            if entry.key.startswith(run)
        ]


def _own_topics() -> list[Topic]:
    wanted = (SINK, 8), (retry_topic(GROUP), 1)
    return [Topic(name, (), (), "key", partitions, 86_400_000) for name, partitions in wanted]


def _mark(value: bytes) -> str:
    """What tells a document's text from all others: its first line; a rejection has none."""
    return str(json.loads(value).get("text", "rejected")).partition("\n")[0]
