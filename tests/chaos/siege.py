"""The real stage, in processes, under faults: what it was sent and what came of it, as a history.

A lane of its own on a real broker; workers that echo. One thread sends the whole time, partly in transactions that it
aborts; the caller makes things die, stand still, come and go. At the end both what readers of committed records see and
what lies in the log is read.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException, Message, Producer

from tests.chaos.history import Event, History, Submission
from tests.chaos.ledger import read_topic
from tests.support.processes import Supervised
from tests.support.stack import Stack
from tests.support.topics import fresh_lane

_KEYS = 40
_SETTINGS = {"batch_records": 32, "session_timeout_seconds": 6}
_TRANSACTION_EVERY = 100
"""So many records are followed by a small transaction, which is aborted every other time."""


@dataclass
class Sender:
    """Sends records with running numbers; keeps what is known of each."""

    bootstrap: str
    topic: str
    acknowledged: set[int] = field(default_factory=set[int])
    aborted: set[int] = field(default_factory=set[int])
    in_transactions: set[int] = field(default_factory=set[int])
    sent: int = 0

    def __post_init__(self) -> None:
        self._producer = Producer(
            {"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "linger.ms": 5}
        )

    def send(self, count: int) -> None:
        """Send `count` records, without waiting for their acknowledgement."""
        for _ in range(count):
            number, self.sent = self.sent, self.sent + 1
            self._producer.produce(
                self.topic, key=_key(number), value=b"%d" % number, on_delivery=self._delivered
            )
            self._producer.poll(0)

    def transaction(self, count: int, *, abort: bool) -> None:
        """Send `count` records in a transaction; when its fate cannot be learnt they stay unknown."""
        numbers = range(self.sent, self.sent + count)
        self.sent += count
        self.in_transactions.update(numbers)
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": f"sender-{numbers.start}",
                             "transaction.timeout.ms": 10_000})  # fmt: skip
        with suppress(KafkaException):
            producer.init_transactions(10)
            producer.begin_transaction()
            for number in numbers:
                producer.produce(self.topic, key=_key(number), value=b"%d" % number)
            producer.flush(10)
            if abort:
                self.aborted.update(numbers)  # whatever comes now, they are never committed
                producer.abort_transaction(10)
            else:
                producer.commit_transaction(10)
                self.acknowledged.update(numbers)

    def finish(self) -> None:
        self._producer.flush(120)

    def submissions(self) -> list[Submission]:
        def one(number: int) -> Submission:
            fate = "unknown"
            if number in self.aborted:
                fate = "aborted"
            elif number in self.acknowledged:
                fate = "acknowledged"
            ordered = number not in self.in_transactions
            return Submission(
                str(number), str(number), fate, _key(number).decode(), number if ordered else None
            )

        return [one(number) for number in range(self.sent)]

    def _delivered(self, error: object, message: Message) -> None:
        if error is None:
            self.acknowledged.add(int(message.value() or b"-1"))


class Siege:
    """Workers, a sender and the faults. Use as a context; `history` once it has come to rest."""

    def __init__(self, stack: Stack, folder: Path, *, workers: int = 2, seed: int = 1) -> None:
        self.stack = stack
        self.rng = random.Random(seed)
        self.faults: Counter[str] = Counter()
        self.lane = fresh_lane(stack.kafka)
        self.sender = Sender(stack.kafka.bootstrap_servers, self.lane.source)
        self._folder = folder
        self._workers: dict[int, Supervised] = {}
        self._wanted = workers
        self._sending = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Siege:
        for number in range(self._wanted):
            self.join(number)
        return self

    def __exit__(self, *_: object) -> None:
        self._sending.clear()
        for worker in self._workers.values():
            worker.stop()

    # -- faults, by name

    def join(self, number: int) -> None:
        lane = self.lane
        named = str(number) if number % 2 == 0 else ""  # some with a name of their own, some without
        self._workers[number] = Supervised(
            f"worker-{number}",
            ["-m", "tests.support.echo_worker", lane.kafka.bootstrap_servers, lane.group, lane.source, lane.sink,
             named, json.dumps(_SETTINGS)],
            {}, self._folder / f"worker-{number}.log",
        )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL of a worker; it is started again at once."""
        self.rng.choice(list(self._workers.values())).kill()

    def pause(self) -> None:
        """A worker stands still, for a moment or past its session; then it goes on where it was."""
        worker = self.rng.choice(list(self._workers.values()))
        seconds, process = self.rng.choice((0.3, 1.0, 8.0)), worker.pid
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
        threading.Timer(seconds, _go_on, (process,)).start()

    def leave_and_join(self) -> None:
        """A worker is stopped in good order and started again."""
        number = self.rng.choice(list(self._workers))
        worker = self._workers.pop(number)
        _go_on(worker.pid)
        worker.stop()
        self.join(number)

    def broker(self) -> None:
        """SIGKILL of the broker, which comes back at once."""
        self.stack.kafka_server.kill()
        self.stack.kafka_server.start()
        self.stack.kafka_server.wait_ready()

    def strike(self, kind: str) -> None:
        self.faults[kind] += 1
        getattr(self, kind)()

    def storm(self, faults: int, pause_seconds: tuple[float, float] = (0.2, 0.6)) -> None:
        """`faults` of them, drawn, while records are sent the whole time."""
        self._sending.set()
        sending = threading.Thread(target=self._send, daemon=True)
        sending.start()
        for _ in range(faults):
            time.sleep(self.rng.uniform(*pause_seconds))
            (kind,) = self.rng.choices(("kill", "pause", "leave_and_join", "broker"), (60, 30, 7, 3))
            self.strike(kind)
        self._sending.clear()
        sending.join()
        self.sender.finish()

    def _send(self) -> None:
        while self._sending.is_set():
            self.sender.send(20)
            if self.sender.sent % _TRANSACTION_EVERY < 20:
                self.sender.transaction(5, abort=self.rng.random() < 0.5)
            time.sleep(0.1)

    # -- what came of it

    def rest(self, seconds: float) -> str:
        """Wait until every acknowledged record has its outcome; says what is missing when that takes over `seconds`."""
        return self._until(
            lambda: not self._open(), seconds, lambda: f"no outcome for {sorted(self._open())[:5]}"
        )

    def open(self) -> int:
        """Acknowledged records without an outcome yet."""
        return len(self._open())

    def history(self) -> History:
        seen = {entry.place: entry for entry in read_topic(self.stack.kafka, self.lane.sink)}
        events = [
            Event(entry.place, entry.value.decode(), entry.value.decode(), committed=entry.place in seen)
            for entry in read_topic(self.stack.kafka, self.lane.sink, committed=False)
        ]
        return History(self.sender.submissions(), events)

    def _open(self) -> set[int]:
        seen = {int(entry.value) for entry in read_topic(self.stack.kafka, self.lane.sink)}
        return self.sender.acknowledged - seen

    @staticmethod
    def _until(condition: Callable[[], bool], seconds: float, missing: Callable[[], str]) -> str:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return missing()
            time.sleep(0.1)
        return ""


def _key(number: int) -> bytes:
    return b"k%d" % (number % _KEYS)


def _go_on(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)
