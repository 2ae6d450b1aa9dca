"""One rule for "this document" against "this dependency", whatever the dependency."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Fatal, Rejected, Transient, Unavailable
from brevity.common.kafka import blame
from brevity.common.kafka.blame import Abandoned, Blame
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Handler, Result, Unkept
from brevity.common.kafka.runtime import Runtime


class Dependency:
    """Something that serves records by their value, and may be away."""

    def __init__(self, *, refuses: Sequence[bytes] = (), busy: bool = False) -> None:
        self.refuses, self.busy = set(refuses), busy
        self.away = False
        self.most = 10_000
        self.calls: list[int] = []
        self.asked: Counter[bytes] = Counter()
        self.probes = 0

    def probe(self) -> None:
        self.probes += 1
        if self.away:
            raise ConnectionError

    def error(self) -> Unavailable:
        return Unavailable("it does not answer", code="store", probe=self.probe, busy=self.busy)

    def together(self, records: Sequence[Record]) -> list[Result]:
        """All in one request, as a bulk write is."""
        self.calls.append(len(records))
        self.asked.update(record.value or b"" for record in records)
        values = {record.value for record in records}
        if self.away or values & self.refuses or len(records) > self.most:
            raise self.error()
        return [Done() for _ in records]

    def singly(self, records: Sequence[Record]) -> list[Result]:
        """Each in a request of its own, as reads of objects are."""
        self.calls.append(len(records))
        self.asked.update(record.value or b"" for record in records)
        return [
            Failed(self.error()) if self.away or record.value in self.refuses else Done()
            for record in records
        ]


def records(count: int) -> list[Record]:
    return [Record("t", 0, number, b"k", b"%d" % number) for number in range(count)]


def judge(handler: Handler, stopping: threading.Event | None = None) -> Blame:
    return Blame(handler, StageMetrics("t", CollectorRegistry()), stopping or threading.Event(), Runtime())


def faults(results: Sequence[Result]) -> dict[int, str]:
    return {n: result.error.code for n, result in enumerate(results) if isinstance(result, Failed)}


@pytest.mark.parametrize("way", ["together", "singly"])
def test_what_fails_alone_while_the_dependency_answers_is_a_failed_attempt_and_the_rest_passes(
    way: str,
) -> None:
    store = Dependency(refuses=[b"3", b"17"])
    results = judge(getattr(store, way)).results(records(32))
    assert faults(results) == {3: "store", 17: "store"}
    assert all(type(r.error) is Transient for r in results if isinstance(r, Failed))
    assert sum(isinstance(result, Done) for result in results) == 30
    assert all(store.asked[value] >= 2 for value in store.refuses)  # never for one failure alone


def test_those_that_passed_are_not_asked_for_again() -> None:
    store = Dependency(refuses=[b"3"])
    judge(store.singly).results(records(32))
    assert store.asked[b"4"] == 1
    assert store.asked[b"3"] == 2


@pytest.mark.parametrize("way", ["together", "singly"])
def test_an_outage_blames_nobody_and_work_goes_on_after_it(way: str) -> None:
    store = Dependency()
    store.away = True
    threading.Timer(1.0, lambda: setattr(store, "away", False)).start()
    assert faults(judge(getattr(store, way)).results(records(16))) == {}
    assert store.probes > 2
    assert len(store.calls) < 8, "what is known to be away is probed, not asked for everything again"


def test_an_outage_that_ends_between_failure_and_probe_blames_nobody() -> None:
    """A dependency that comes and goes: each failure is followed by a probe that passes."""
    store = Dependency()
    fails = iter([True, False])

    def handle(batch: Sequence[Record]) -> list[Result]:
        if next(fails, False):
            raise store.error()
        return [Done() for _ in batch]

    assert faults(judge(handle).results(records(1))) == {}


def test_a_dependency_that_only_says_it_has_too_much_to_do_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blame, "_BUSY_SECONDS", 1.0)
    store = Dependency(refuses=[b"2"], busy=True)
    threading.Timer(0.5, store.refuses.clear).start()
    assert faults(judge(store.together).results(records(8))) == {}
    assert set(store.calls) == {8}, "too much to do: smaller groups are no help"


def test_one_that_is_always_too_much_is_at_fault_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blame, "_BUSY_SECONDS", 0.5)
    monkeypatch.setattr(blame, "_PAUSE_MOST_SECONDS", 0.2)
    store = Dependency(refuses=[b"2"], busy=True)
    assert faults(judge(store.together).results(records(8))) == {2: "store"}


def test_a_batch_that_is_too_much_is_halved_and_the_size_remembered_then_grown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blame, "_GROW_SECONDS", 0.3)
    store = Dependency()
    store.most = 10
    judging = judge(store.together)
    assert faults(judging.results(records(64))) == {}
    assert store.calls[:4] == [64, 32, 16, 8]
    store.calls.clear()
    judging.results(records(64))
    assert store.calls == [8] * 8
    store.most = 10_000
    deadline = time.monotonic() + 10
    while store.calls[-1] != 64:
        time.sleep(0.1)
        judging.results(records(64))
        assert time.monotonic() < deadline, store.calls


def test_one_culprit_makes_no_batches_smaller() -> None:
    store = Dependency(refuses=[b"5"])
    judging = judge(store.together)
    judging.results(records(16))
    store.refuses.clear()
    store.calls.clear()
    judging.results(records(16))
    assert store.calls == [16]


def test_two_dependencies_are_asked_apart() -> None:
    """The documents of the one that is away are not blamed because the other answers."""
    refusing, away = Dependency(refuses=[b"0"]), Dependency()
    away.away = True

    def handle(batch: Sequence[Record]) -> list[Result]:
        def one(record: Record) -> Result:
            if record.value == b"0":
                return Failed(refusing.error())
            if away.away:
                return Failed(Unavailable("away", code="engine", probe=away.probe))
            return Done()

        return [one(record) for record in batch]

    threading.Timer(1.0, lambda: setattr(away, "away", False)).start()
    assert faults(judge(handle).results(records(4))) == {0: "store"}


def test_without_a_probe_the_neighbours_are_the_witness() -> None:
    def handle(batch: Sequence[Record]) -> list[Result]:
        if any(record.value == b"3" for record in batch):
            raise Unavailable("no", code="somewhere")
        return [Done() for _ in batch]

    judging = judge(handle)
    found: list[dict[int, str]] = []
    thread = threading.Thread(target=lambda: found.append(faults(judging.results(records(8)))))
    thread.start()
    while thread.is_alive():
        judging.results(records(2))  # others at work
        time.sleep(0.02)
    assert found == [{3: "somewhere"}]


class Panic(BaseException):
    """As extensions written in Rust raise."""


@pytest.mark.parametrize("error", [ValueError("a bug"), Panic("a panic"), Transient("no"), Rejected("bad")])
def test_whatever_one_record_raises_is_its_own(error: BaseException) -> None:
    def handle(batch: Sequence[Record]) -> list[Result]:
        if any(record.value == b"3" for record in batch):
            raise error
        return [Done() for _ in batch]

    assert set(faults(judge(handle).results(records(8)))) == {3}


def test_a_refusal_of_us_is_fatal() -> None:
    def refused() -> None:
        raise Fatal("the key is wrong")

    def handle(batch: Sequence[Record]) -> list[Result]:
        raise Unavailable("no", probe=refused)

    with pytest.raises(Fatal):
        judge(handle).results(records(2))


def test_what_is_held_is_abandoned_when_the_stage_stops() -> None:
    stopping, store = threading.Event(), Dependency()
    store.away = True
    threading.Timer(0.3, stopping.set).start()
    with pytest.raises(Abandoned):
        judge(store.together, stopping).results(records(4))


def unkept(store: Dependency, letter: OutRecord) -> Callable[[], OutRecord]:
    def build() -> OutRecord:
        raise Unkept(store.error(), letter)

    return build


def test_a_dead_letter_whose_bytes_the_store_refuses_is_written_without_them() -> None:
    letter = OutRecord("t", b"k", b"without")
    assert judge(Dependency().singly).letter(unkept(Dependency(), letter)) == letter


def test_a_dead_letter_waits_for_a_store_that_is_away() -> None:
    stopping, store = threading.Event(), Dependency()
    store.away = True
    threading.Timer(0.5, stopping.set).start()
    with pytest.raises(Abandoned):
        judge(store.singly, stopping).letter(unkept(store, OutRecord("t", b"k", b"without")))
