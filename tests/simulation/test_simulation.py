"""The real stage on a simulated Kafka, thousands of seeds: nothing is lost, doubled or stuck, whatever is drawn."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.faults import ALL
from tests.simulation.sweep import quiet, sweep
from tests.simulation.world import simulate

SEEDS, CHUNK = 5_000, 500


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_seed_loses_doubles_or_stops(first: int) -> None:
    with quiet():
        found = sweep(range(first, first + CHUNK))
    assert not found.failed, "\n".join(map(str, found.failed[:5]))
    assert set(found.faults) >= set(ALL), "some kind of fault never struck"


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    seeds = range(7, 400, 60)
    with quiet():
        here = [simulate(seed).digest for seed in seeds]
        assert here == [simulate(seed).digest for seed in seeds]
    script = (
        "from tests.simulation.sweep import quiet; from tests.simulation.world import simulate\n"
        f"with quiet(): print([simulate(seed).digest for seed in {list(seeds)}])"
    )
    environ = {**os.environ, "PYTHONHASHSEED": "3"}
    there = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == str(here)
