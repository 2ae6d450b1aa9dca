"""Readiness asks every dependency, side by side, never for long, and never piles up questions."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from brevity.common.errors import Unavailable
from brevity.common.observability.health import Check, Health
from brevity.common.observability.logging import configure
from brevity.common.settings import TelemetrySettings


class Dependency:
    """Counts how often it is asked; `away` makes it fail, `hang` keeps it from answering until set."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.hang: threading.Event | None = None

    def ping(self) -> None:
        self.asked += 1
        if self.hang is not None:
            self.hang.wait(60)
        if self.away:
            raise Unavailable("it is away")

    async def async_ping(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable("it is away")


def test_without_a_loop_to_watch_a_service_is_alive() -> None:
    assert Health().alive()


def test_a_silent_loop_is_dead() -> None:
    assert Health(heartbeat=lambda: 59.0).alive()
    assert not Health(heartbeat=lambda: 61.0).alive()


async def test_failing_checks_are_named_in_their_order() -> None:
    here, away = Dependency(), Dependency()
    away.away = True
    checks = (
        Check("b", away.ping),
        Check("c", here.ping),
        Check("a", away.async_ping),
        Check("d", here.async_ping),
    )
    readiness = await Health(checks).ready()
    assert readiness.failing == ("b", "a")
    assert not readiness.ready
    assert here.asked == away.asked == 2


async def test_a_dependency_that_comes_back_is_seen() -> None:
    one = Dependency()
    health = Health((Check("one", one.ping),), cache_seconds=0)
    for away in (False, True, False):
        one.away = away
        assert (await health.ready()).ready is not away


async def test_a_fresh_answer_is_used_again() -> None:
    one = Dependency()
    health = Health((Check("one", one.ping),), cache_seconds=60)
    for _ in range(20):
        assert (await health.ready()).ready
    assert one.asked == 1


async def test_a_dependency_that_never_answers_counts_as_away_and_is_asked_once() -> None:
    silent, here = Dependency(), Dependency()
    silent.hang = threading.Event()
    health = Health(
        (Check("silent", silent.ping), Check("here", here.ping)), timeout_seconds=0.05, cache_seconds=0
    )
    try:
        for _ in range(5):
            assert (await health.ready()).failing == ("silent",)
        assert silent.asked == 1
        assert here.asked == 5
    finally:
        silent.hang.set()
    deadline = time.monotonic() + 30
    while not (await health.ready()).ready:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_checks_are_asked_side_by_side() -> None:
    both = threading.Barrier(2, timeout=30)
    checks = (Check("one", lambda: _meet(both)), Check("other", lambda: _meet(both)))
    assert (await Health(checks, timeout_seconds=30).ready()).ready


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait()


async def test_a_change_is_logged_and_not_every_probe(capsys: pytest.CaptureFixture[str]) -> None:
    configure(TelemetrySettings(), "trial")
    one = Dependency()
    health = Health((Check("one", one.ping),), cache_seconds=0)
    for away in (True, True, True, False, False):
        one.away = away
        await health.ready()
    lines = capsys.readouterr().err.splitlines()
    assert ["does not answer" in line for line in lines] == [True, False]
    assert "answers again" in lines[1]


async def test_a_full_thread_pool_makes_no_dependency_look_down() -> None:
    """Slow sends fill the loop's own pool while the broker hangs; the store is asked all the same."""
    end = threading.Event()
    loop = asyncio.get_running_loop()
    sends = [loop.run_in_executor(None, end.wait, 60) for _ in range(64)]
    here, silent = Dependency(), Dependency()
    silent.hang = end
    checks = (Check("broker", silent.ping), Check("object_store", here.ping))
    try:
        readiness = await Health(checks, timeout_seconds=2).ready()
        assert readiness.failing == ("broker",)
        assert readiness.reasons == {"broker": "no answer within 2 s"}
    finally:
        end.set()
        await asyncio.gather(*sends)


async def test_errors_of_others_are_not_quoted() -> None:
    def leak() -> None:
        raise ValueError("mongodb://user:secret@host")

    assert (await Health((Check("store", leak),)).ready()).reasons == {"store": "ValueError"}


async def test_an_answer_that_comes_after_everybody_has_gone_is_no_error_of_the_loop() -> None:
    errors: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    late = Dependency()
    late.away, late.hang = True, threading.Event()
    health = Health((Check("late", late.ping),), timeout_seconds=0.05)
    assert not (await health.ready()).ready
    late.hang.set()
    await asyncio.sleep(0.2)  # it fails now, with nobody waiting
    del health
    gc.collect()
    assert errors == []
