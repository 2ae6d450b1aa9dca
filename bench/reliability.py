"""Faults, and what they cost: simulated ones by the thousand, real ones against processes, hostile input, odd requests.

* The stage's loop on a simulated Kafka, seed by seed (`tests/simulation`).
* Real stage processes on a real broker in a storm of SIGKILL, SIGSTOP, leaving and joining, and deaths of the broker, and
  in a full run each kind of fault alone, for how long recovery takes; the histories are judged by one checker.
* Hostile documents within the size limits: processor time and memory to read each.
* Odd requests for every operation of the services' HTTP doors.

`lost` and `doubled` count submissions in all histories, `stuck` runs that did not come to rest, `faults` those that struck real
processes; simulated ones are counted beside them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from deploy.local.tracking import MlflowServer
from tests.chaos.history import Findings, check
from tests.chaos.siege import Siege
from tests.simulation.sweep import Sweep, quiet, sweep
from tests.support.feedback_service import planned
from tests.support.feedback_service import running as feedback_running
from tests.support.odd_requests import PAGES, Answers, drawn, running
from tests.support.stack import Stack, fresh_stack
from tests.support.trainer_service import TrainerService

from bench.hostile import costs
from bench.report import QUICK, finish, show

SEEDS, CHUNK = (5_000, 250) if QUICK else (20_000, 250)
SIMULATED_SECONDS = 25.0 if QUICK else 1_200.0
STORMS, FAULTS = (1, 15) if QUICK else (5, 200)
WAVES, WAVE = 5, 2_000
REST_SECONDS = 180.0
KINDS = ("kill", "pause", "leave_and_join", "broker")
QUICK_CASES = ("combining marks, 240 KB", "nested div, 0.9 MB", "100,000 attributes, 0.8 MB", "ZIP bomb",
               "DOCX, a cell over 1,000,000 columns", "PDF, pages in a circle")  # fmt: skip


def _chunk(first: int) -> Sweep:
    with quiet():
        return sweep(range(first, first + CHUNK))


def simulated() -> Sweep:
    """As many of the seeds as the time allows."""
    total = Sweep()
    began = time.monotonic()
    workers = os.cpu_count() or 1
    firsts = iter(range(0, SEEDS, CHUNK))
    with ProcessPoolExecutor(workers) as pool:
        while time.monotonic() - began < SIMULATED_SECONDS:
            group = [first for _, first in zip(range(workers), firsts, strict=False)]
            if not group:
                break
            for part in pool.map(_chunk, group):
                total.seeds += part.seeds
                total.records += part.records
                total.faults += part.faults
                total.failed += part.failed
    for verdict in total.failed[:20]:
        print(verdict)
    return total


class Tally:
    """What real processes did with what they were sent."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.faults: Counter[str] = Counter()
        self.stuck = 0
        self.submissions = 0

    def take(self, siege: Siege) -> None:
        missing = siege.rest(REST_SECONDS)
        if missing:
            print(missing)
            self.stuck += 1
        history = siege.history()
        found = check(history)
        if not found.clean:
            print(found)
        for kind in ("lost", "doubled", "aborted_read", "reordered", "phantom"):
            getattr(self.findings, kind).extend(getattr(found, kind))
        self.faults += siege.faults
        self.submissions += len(history.submissions)


def storms(stack: Stack, folder: Path, tally: Tally) -> None:
    for number in range(STORMS):
        with Siege(stack, folder / f"storm-{number}", workers=2 + number % 2, seed=number) as siege:
            siege.storm(FAULTS)
            tally.take(siege)


def _wave(siege: Siege, kind: str | None) -> tuple[float, int]:
    """Seconds for a wave of records, disturbed in its midst or not, and how many were in flight then."""
    began = time.monotonic()
    siege.sender.send(WAVE // 2)
    siege.sender.finish()
    in_flight = siege.open()
    if kind is not None:
        siege.strike(kind)
    siege.sender.send(WAVE // 2)
    siege.sender.finish()
    while siege.open() and time.monotonic() - began < REST_SECONDS:
        time.sleep(0.02)
    return time.monotonic() - began, in_flight


def waves(stack: Stack, folder: Path, tally: Tally) -> list[list[object]]:
    """Each kind of fault alone; recovery as a multiple of the undisturbed wave."""
    rows: list[list[object]] = []
    with Siege(stack, folder / "waves", seed=7) as siege:
        _wave(siege, None)
        calm = statistics.median(_wave(siege, None)[0] for _ in range(WAVES))
        rows.append(["none", WAVES, "-", calm, 1.0])
        for kind in KINDS:
            took = [_wave(siege, kind) for _ in range(WAVES)]
            seconds = statistics.median(t for t, _ in took)
            rows.append([kind, WAVES, round(statistics.fmean(n for _, n in took)), seconds, seconds / calm])
        tally.take(siege)
    return rows


def doors(stack: Stack, folder: Path) -> list[str]:
    """Requests drawn for every operation of every service; feedback's by a reader and an administrator, with its pages."""
    examples = 5 if QUICK else 100
    answers = Answers()
    with running(stack, "brevity.ingest", log=folder / "ingest.log") as address:
        answers.add(drawn(address, folder / "ingest", examples=examples))
    with feedback_running(planned(stack)) as service:
        for name in ("rita", "ada"):
            key = f"first-{name}-0123456789"
            answers.add(drawn(service.address, folder / name, key=key, examples=examples))
            answers.add(
                drawn(service.address, folder / f"{name}-pages", described=PAGES, key=key, examples=examples)
            )
    mlflow = MlflowServer(stack.free_port(), folder / "mlflow", stack.s3)
    (folder / "mlflow").mkdir()
    mlflow.start()
    try:
        mlflow.wait_ready()
        trainer = TrainerService(stack, mlflow, folder)
        with trainer.running():
            address = f"http://127.0.0.1:{trainer.port}"
            answers.add(drawn(address, folder / "trainer", examples=examples))
    finally:
        mlflow.stop()
    print(f"{answers.made} odd requests, {len(answers.failed)} server errors")
    for line in answers.failed[:20]:
        print(line)
    return answers.failed


def main() -> None:
    tally = Tally()
    sim = simulated()
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder) / "stack") as stack:
        storms(stack, Path(folder), tally)
        rows = [] if QUICK else waves(stack, Path(folder), tally)
        errors = doors(stack, Path(folder))
    hostile = costs(QUICK_CASES if QUICK else ())
    lost = len(tally.findings.lost) + sum(len(v.findings.lost) for v in sim.failed)
    doubled = len(tally.findings.doubled) + sum(len(v.findings.doubled) for v in sim.failed)
    others = sum(len(getattr(tally.findings, kind)) for kind in ("aborted_read", "reordered", "phantom"))
    show(
        "Faults",
        ["where", "faults", "submissions", "lost", "doubled", "other", "stuck"],
        [
            ["simulated stage", sum(sim.faults.values()), sim.records, sum(len(v.findings.lost) for v in sim.failed),
             sum(len(v.findings.doubled) for v in sim.failed), 0, sum(bool(v.stuck) for v in sim.failed)],
            [f"processes {dict(tally.faults)}", sum(tally.faults.values()), tally.submissions, len(tally.findings.lost),
             len(tally.findings.doubled), others, tally.stuck],
        ],
    )  # fmt: skip
    if rows:
        show("Recovery", ["fault", "times", "in flight", "seconds, median", "times the calm wave"], rows)
    show(
        "Hostile documents",
        ["input", "processor seconds", "MB over idle", "outcome"],
        [(cost.name, cost.seconds, cost.megabytes, cost.outcome) for cost in hostile],
    )
    finish(
        "reliability",
        {
            "lost": lost,
            "doubled": doubled,
            "stuck": tally.stuck + sum(bool(v.stuck) for v in sim.failed),
            "faults": sum(tally.faults.values()),
            "simulated_seeds": sim.seeds,
            "server_errors": len(errors),
            "worst_hostile_seconds": max(cost.seconds for cost in hostile),
            "worst_hostile_megabytes": max(cost.megabytes for cost in hostile),
            "simulated_faults": sum(sim.faults.values()),
            "other_faults_of_history": others + sum(
                len(v.findings.aborted_read) + len(v.findings.reordered) + len(v.findings.phantom) for v in sim.failed
            ),
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
