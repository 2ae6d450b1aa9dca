"""Long texts that wait behind references take no memory: those on their way to the engine do, and their bytes are bounded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

GROWTH = 250_000_000
"""Most that a process may grow by: its limit of 384 MiB less what it has at rest."""


@pytest.mark.parametrize(
    ("documents", "size", "kind"),
    [("60", "3000000", ""), ("2", "19900000", "wide")],
    ids=["many", "largest"],
)
def test_memory_is_bounded_however_many_long_texts_wait(documents: str, size: str, kind: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.summarize.bounded_memory", documents, size, kind],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2_000:]
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["peak"] - told["before"] < GROWTH, told
