"""One seed, one history: instances of the real stage on a model of Kafka, disturbed, then left to come to rest.

Replay a seed, with the stage's own log and every fault as it strikes:

    .venv/bin/python -m tests.simulation SEED
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError, Rejected, Transient, Unavailable
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Result, SetAside
from brevity.common.kafka.stage import Stage
from brevity.common.settings import KafkaSettings, StageSettings
from tests.chaos.history import Event, Findings, History, Submission, check
from tests.simulation.broker import Broker, Entry, Log, Place, Txn
from tests.simulation.faults import ALL, EVENTS, RECORDS, Faults
from tests.simulation.runtime import SimulatedRuntime
from tests.simulation.scheduler import Process, Scheduler

SOURCE, SINK, DEAD, GROUP = "source", "sink", "dead", "sim"
RETRY = f"{GROUP}.retry"
_REST_SECONDS, _STOP_SECONDS = 90.0, 40.0
"""What a calm stage may take at most, in simulated time, to finish everything, and to stop."""

_METRICS = StageMetrics("sim", CollectorRegistry())
_KAFKA = KafkaSettings(bootstrap_servers="simulated:0")


@dataclass(slots=True)
class Sent:
    """A submission as the sender knows it."""

    id: str
    kind: str
    key: str
    place: Place
    offset: int
    topic_id: int
    epoch: int
    txn: Txn | None = None
    gone: bool = False
    retried: bool = False


@dataclass(slots=True)
class Verdict:
    """What became of a seed; `faults` counts what struck."""

    seed: int
    findings: Findings
    stuck: str
    faults: Counter[str]
    records: int
    digest: int
    seconds: float

    @property
    def clean(self) -> bool:
        return self.findings.clean and not self.stuck

    def __str__(self) -> str:
        said = f"stuck: {self.stuck}" if self.stuck else str(self.findings)
        return f"seed {self.seed}: {said}; replay: .venv/bin/python -m tests.simulation {self.seed}"


class _Slot:
    """An instance's place: what runs there is started again whenever it ends, as long as it is wanted."""

    def __init__(self, world: World, number: int, name: str | None) -> None:
        self.world = world
        self.number = number
        self.name = name
        self.wanted = False
        self.running = False
        self.process = Process("none")
        self.stage: Stage | None = None

    def start(self) -> None:
        self.wanted = True
        if self.running or not self.wanted:
            return
        self.running = True
        self.process = Process(f"stage-{self.number}")
        self.stage = None
        self.world.scheduler.spawn(self.process, self._main)

    def _main(self) -> None:
        world, process = self.world, self.process
        try:
            stage = world.stage_class(
                "sim",
                _KAFKA,
                world.settings.model_copy(update={"instance_id": self.name}),
                GROUP,
                [SOURCE],
                lambda records: world.handle(process, records),
                world.bury,
                _METRICS,
                runtime=SimulatedRuntime(world.scheduler, process, world.broker),
            )
            self.stage = stage
            if self.wanted:
                stage.run()
        except Exception as error:  # noqa: BLE001 - a supervisor starts it again, whatever it was
            world.note(f"stage-{self.number} ended: {type(error).__name__}: {error}")
            world.exits.append(f"{type(error).__name__}: {error}")
        process.dead = True  # its threads end with it
        self.ended()

    def ended(self) -> None:
        self.running = False
        if self.wanted:
            self.world.scheduler.after(0.3, self._again)

    def _again(self) -> None:
        if self.wanted:
            self.start()

    def kill(self) -> None:
        if self.running and not self.process.dead:
            self.world.note(f"kill stage-{self.number}")
            self.world.scheduler.kill(self.process)
            self.ended()

    def stop(self) -> None:
        self.wanted = False
        if self.stage is not None:
            self.stage.stop()


class World:
    """See the module. `stage_class` may be a faulty one, to see that it is found out."""

    def __init__(
        self,
        seed: int,
        kinds: tuple[str, ...] = ALL,
        stage_class: type[Stage] = Stage,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.seed = seed
        self.stage_class = stage_class
        self._say = say
        self.scheduler = Scheduler()
        self.faults = Faults(seed, kinds)
        self.rng = random.Random(seed * 7919 + 1)
        self.broker = Broker(
            self.scheduler, self.faults, {SOURCE: self.rng.randint(1, 3), RETRY: 1, SINK: 2, DEAD: 1}
        )
        self.broker.on_bomb = self._die
        self.settings = StageSettings.model_construct(
            **StageSettings().model_dump()
            | {
                "batch_records": self.rng.choice((1, 3, 6)),
                "max_in_flight_batches": self.rng.randint(1, 3),
                "batch_wait_seconds": self.rng.choice((0.0, 0.05)),
                "max_attempts": 3,
                "retry_backoff_seconds": 0.2,
                "retry_backoff_max_seconds": 1.0,
                "session_timeout_seconds": self.rng.choice((1.0, 2.0)),
                "graceful_stop_seconds": 5.0,
                "dead_letter_window": 1_000,
            }
        )
        named = self.rng.random() < 0.5
        self.slots = [_Slot(self, n, f"i{n}" if named else None) for n in range(2)]
        self.sent: dict[str, Sent] = {}
        self.exits: list[str] = []
        self.outage_until = 0.0
        self.verdict: Verdict | None = None
        self._attack_seconds = self.rng.uniform(1.5, 5.0)

    def note(self, what: str) -> None:
        if self._say is not None:
            self._say(f"{self.scheduler.now:8.3f} {what}")

    def run(self) -> Verdict:
        try:
            stuck = self._run()
        finally:
            self.scheduler.close()
        findings = check(self.history())
        self.verdict = Verdict(
            self.seed, findings, stuck, self.faults.struck, len(self.sent), self._digest(), self.scheduler.now
        )
        return self.verdict

    def _run(self) -> str:
        self._plan()
        self.scheduler.run(self._attack_seconds)
        self.faults.on = False
        self.broker.away_until = self.outage_until = self.scheduler.now
        self.note("calm")
        for slot in self.slots:
            if not slot.running and (slot.number == 0 or slot.wanted):
                slot.start()
        changed = [True]
        self.broker.on_visible.append(lambda: changed.__setitem__(0, True))

        def done() -> bool:
            if not changed[0]:
                return False
            changed[0] = False
            return not self._open()

        self.scheduler.run(self.scheduler.now + _REST_SECONDS, done)
        if self._open():
            return f"no outcome for {self._open()[:5]} after {_REST_SECONDS:.0f} s of calm; exits: {self.exits[-3:]}"
        if self.exits:
            return f"an instance died: {self.exits[0]}"
        self.scheduler.run(self.scheduler.now + 1.0)  # whatever comes twice comes now
        for slot in self.slots:
            slot.stop()
        self.scheduler.run(self.scheduler.now + _STOP_SECONDS, lambda: not any(s.running for s in self.slots))
        names = [f"stage-{slot.number}" for slot in self.slots if slot.running]
        return f"{names} did not stop in {_STOP_SECONDS:.0f} s" if names else ""

    # -- the plan

    def _plan(self) -> None:
        rng = self.rng
        count = rng.randint(8, 24)
        keys = [f"k{n}" for n in range(rng.randint(2, 6))]
        # Records are fewer than calls: a kind that a seed has takes a good part of its records.
        special = [kind for kind in RECORDS if self.faults.has(kind)]
        for number in range(count):
            kind = rng.choice(special) if special and rng.random() < 0.3 else "good"
            when = rng.uniform(0.0, self._attack_seconds)
            self.scheduler.at(when, self._send, f"r{number:03d}", kind, rng.choice(keys))
        self.slots[0].start()
        if rng.random() < 0.4:
            self.slots[1].start()
        for kind in EVENTS:
            if self.faults.has(kind):
                for _ in range(rng.randint(1, 3)):
                    self.scheduler.at(rng.uniform(0.0, self._attack_seconds), self._strike, kind)

    def _send(self, name: str, kind: str, key: str) -> None:
        value: bytes | None = f"{name} {kind}".encode()
        headers: Any = (("x", b"1"),)
        txn: Txn | None = None
        if kind == "null_value":
            value = None
        elif kind == "odd_headers":
            headers = (("traceparent", None), ("", b""), ("x", b"\xff"))
        elif kind == "foreign_transaction":
            txn = Txn()
            ends = "committed" if self.rng.random() < 0.5 else "aborted"
            self.scheduler.after(self.rng.uniform(0.0, 1.0), self.broker.end, txn, ends)
        place, offset = self.broker.append(
            SOURCE, key.encode(), value, headers, txn, unreadable=kind == "unreadable", bomb=kind == "bomb"
        )
        if kind != "good":
            self.faults.struck[kind] += 1
        self.note(f"sent {name} ({kind}, {key}) to {place[1]}/{offset}")
        log = self.broker.logs[place]
        self.sent[name] = Sent(name, kind, key, place, offset, log.topic_id, log.epoch, txn)

    def _strike(self, kind: str) -> None:
        self.note(f"fault {kind}")
        self.faults.struck[kind] += 1
        getattr(self, f"_{kind}")()

    def _any(self) -> _Slot:
        return self.rng.choice([slot for slot in self.slots if slot.running] or self.slots)

    def _kill(self) -> None:
        self._any().kill()

    def _pause(self) -> None:
        seconds = self.rng.choice((0.2, 1.5, 4.0))
        self._any().process.stopped_until = self.scheduler.now + seconds

    def _lose(self) -> None:
        """The coordinator throws members out: one, or all at once."""
        members = sorted(self.broker.group.members)
        chosen = members if self.rng.random() < 0.3 else members and [self.rng.choice(members)]
        for name in chosen:
            self.broker.group.leave(self.broker.group.members[name])

    def _shuffle(self) -> None:
        self.broker.group.rebalance(shuffle=True)

    def _join(self) -> None:
        self.slots[1].start()

    def _leave(self) -> None:
        self.slots[1].stop()

    def _broker_away(self) -> None:
        self.broker.away_until = self.scheduler.now + self.rng.choice((0.3, 2.0, 7.0))

    def _outage(self) -> None:
        self.outage_until = self.scheduler.now + self.rng.choice((0.3, 3.0))

    def _a_log(self) -> tuple[Place, Log]:
        place = (SOURCE, self.rng.randrange(self.broker.partitions[SOURCE]))
        return place, self.broker.logs[place]

    def _expire(self) -> None:
        place, log = self._a_log()
        if log.end > log.low:
            self._gone(place, log.expire(self.rng.randint(log.low, log.end)))

    def _truncate(self) -> None:
        place, log = self._a_log()
        if log.end > log.low and log.stable == log.end:
            self._gone(place, log.truncate(self.rng.randint(log.low, log.end)))

    def _recreate(self) -> None:
        for number in range(self.broker.partitions[SOURCE]):
            place = (SOURCE, number)
            log = self.broker.logs[place]
            self._gone(place, log.entries)
            self.broker.logs[place] = Log(log.topic_id + 1)

    def _gone(self, place: Place, entries: Sequence[Entry]) -> None:
        offsets = {entry.offset for entry in entries}
        topic_id = self.broker.logs[place].topic_id
        for sent in self.sent.values():
            if (sent.place, sent.topic_id) == (place, topic_id) and sent.offset in offsets:
                sent.gone = True
                self.note(f"gone: {sent.id}")

    # -- the work

    def handle(self, process: Process, records: Sequence[Record]) -> list[Result]:
        rng = self.faults.rng
        slow = self.faults.strikes("slow_work")
        self.scheduler.wait(rng.uniform(0.5, 2.5) if slow else rng.uniform(0.001, 0.05))
        if self.outage_until > self.scheduler.now:
            raise Unavailable("the store is away")
        if self.faults.strikes("random_bug"):
            raise RuntimeError("a bug in the handler")
        return [self._result(process, record) for record in records]

    def _result(self, process: Process, record: Record) -> Result:
        if record.value is None:
            return Failed(Rejected("no value", code="empty"))
        name, kind = record.value.decode().split()
        record.header("x")
        if kind == "flaky" and record.attempt < 2 + int(name[1:]) % 3:
            return Failed(Transient("not now"))
        if kind == "rejected":
            return Failed(Rejected("never"))
        if kind == "buggy":
            raise ValueError("a bug that this record touches")
        if kind == "killer":
            self._die(process)
        if kind == "long":
            if not record.aside:
                return SetAside()
            self.scheduler.wait(self.faults.rng.uniform(1.0, 4.0))
        return Done((OutRecord(SINK, record.key or b"", name.encode()),))

    def _die(self, process: Process) -> None:
        slot = next(slot for slot in self.slots if slot.process is process)
        self.scheduler.after(0.0, slot.kill)
        self.scheduler.wait(1e9)

    def bury(self, record: Record, error: BrevityError, attempts: int) -> OutRecord:
        named = record.value.decode().split()[0] if record.value else None
        letter = {
            "id": named,
            "at": [record.topic, record.partition, record.offset, record.log],
            "code": error.code,
        }
        return OutRecord(DEAD, record.key or b"", json.dumps(letter).encode())

    # -- what was left behind

    def _named(self, topic: str, entry: Entry) -> str:
        assert entry.value is not None
        if topic == SINK:
            return entry.value.decode()
        letter = json.loads(entry.value)
        if letter["id"]:
            return letter["id"]
        found = [
            s.id
            for s in self.sent.values()
            if [*s.place, s.offset, f"{SOURCE}#{s.topic_id}:{s.epoch}"] == letter["at"]
        ]
        return found[-1] if found else f"at {letter['at']}"

    def _outcomes(self) -> list[Event]:
        return [
            Event((topic, number, entry.offset), self._named(topic, entry), committed=entry.visible)
            for (topic, number), log in self.broker.logs.items()
            if topic in (SINK, DEAD)
            for entry in log.entries
            if not entry.control
        ]

    def _open(self) -> list[str]:
        """Submissions that still wait for an outcome."""
        visible = {event.id for event in self._outcomes() if event.committed}
        return [
            s.id for s in self.sent.values() if not s.gone and _fate(s) != "aborted" and s.id not in visible
        ]

    def history(self) -> History:
        retried = {
            entry.value.decode().split()[0]
            for entry in self.broker.logs[RETRY, 0].entries
            if entry.value and not entry.control
        }
        history = History(events=self._outcomes())
        for sent in self.sent.values():
            ordered = sent.kind in ("good", "odd_headers") and sent.id not in retried and not sent.gone
            sequence = sent.topic_id * 1_000_000 + sent.offset
            history.submissions.append(
                Submission(
                    sent.id,
                    fate=_fate(sent),
                    key=sent.key,
                    sequence=sequence if ordered else None,
                    gone=sent.gone,
                )
            )
        return history

    def _digest(self) -> int:
        """The same for the same run."""
        said = [(event.place, event.id, event.committed) for event in self._outcomes()]
        committed = sorted(self.broker.group.committed.items())
        digest = 0
        for part in (said, committed, sorted(self.faults.struck.items()), round(self.scheduler.now, 6)):
            for byte in repr(part).encode():
                digest = (digest * 31 + byte) % 2**61
        return digest


def _fate(sent: Sent) -> Any:
    if sent.txn is None or sent.txn.state == "committed":
        return "acknowledged"
    return "aborted" if sent.txn.state == "aborted" else "unknown"


def simulate(seed: int, **options: Any) -> Verdict:
    """Run one seed."""
    return World(seed, **options).run()
