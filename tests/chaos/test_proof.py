"""The chaos test can fail: loops that promise less are caught by the same count, under the same kills."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest

from tests.chaos.ledger import Verdict, judge, read_topic
from tests.support.processes import Supervised
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane, write

pytestmark = [pytest.mark.stack, pytest.mark.chaos_large, pytest.mark.timeout(240)]

KILLS, WAVE = 6, 400


def _verdict(stack: Stack, log: Path, command: list[str]) -> Verdict:
    """Kill the worker `KILLS` times while it echoes waves of records, then count what reached the sink."""
    lane = fresh_lane(stack.kafka)
    names = {
        "broker": lane.kafka.bootstrap_servers,
        "group": lane.group,
        "source": lane.source,
        "sink": lane.sink,
    }
    process = Supervised("worker", [part.format(**names) for part in command], {}, log)
    rng = random.Random(5)
    try:
        for wave in range(KILLS):
            seen = len(read_topic(lane.kafka, lane.sink))
            write(
                lane.kafka, lane.source, (b"%d" % number for number in range(wave * WAVE, (wave + 1) * WAVE))
            )
            eventually("it gets on", lambda before=seen: len(read_topic(lane.kafka, lane.sink)) > before, 60)
            time.sleep(rng.uniform(0.0, 0.2))
            process.kill()
        eventually("it comes to rest", lambda: _settled(lane), 90)
    finally:
        process.stop()
    entries = read_topic(lane.kafka, lane.sink)
    return judge(
        (str(number) for number in range(KILLS * WAVE)),
        (entry.value.decode() for entry in entries if entry.value != b"marker"),
    )


def _settled(lane: Lane) -> bool:
    """Whether the worker is back at work and nothing has been added to the sink for five seconds."""
    before = len(read_topic(lane.kafka, lane.sink))
    write(lane.kafka, lane.source, [b"marker"])
    eventually("back at work", lambda: len(read_topic(lane.kafka, lane.sink)) > before, 60)
    before = len(read_topic(lane.kafka, lane.sink))
    time.sleep(5)
    return len(read_topic(lane.kafka, lane.sink)) == before


def _faulty(order: str) -> list[str]:
    return ["-m", "tests.chaos.faulty_worker", "{broker}", "{group}", "{source}", "{sink}", order]


def test_offsets_committed_before_the_effect_are_caught_losing(stack: Stack, tmp_path: Path) -> None:
    verdict = _verdict(stack, tmp_path / "log", _faulty("commit-first"))
    print(f"commit first: {verdict}")
    assert verdict.lost


def test_offsets_committed_after_the_effect_without_a_transaction_are_caught_doubling(
    stack: Stack, tmp_path: Path
) -> None:
    verdict = _verdict(stack, tmp_path / "log", _faulty("commit-after"))
    print(f"commit after: {verdict}")
    assert not verdict.lost
    assert verdict.doubled


def test_the_stage_passes_the_same_count(stack: Stack, tmp_path: Path) -> None:
    settings = (
        json.dumps({"batch_records": 32, "session_timeout_seconds": 6}).replace("{", "{{").replace("}", "}}")
    )
    command = [
        "-m",
        "tests.support.echo_worker",
        "{broker}",
        "{group}",
        "{source}",
        "{sink}",
        "one",
        settings,
    ]
    verdict = _verdict(stack, tmp_path / "log", command)
    assert verdict.clean, str(verdict)
