"""What waits behind references takes no memory: the documents in hand do, and their bytes are bounded."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest

from brevity.common.budget import ByteBudget
from brevity.common.kafka.record import Record
from brevity.ingest.document import weight

GROWTH = 350_000_000
"""Most that a process may grow by: its limit of 512 MB less what it has at rest."""


@pytest.mark.parametrize(
    ("documents", "size", "kind"),
    [(10, 3_000_000, ""), (2, 19_900_000, "wide")],
    ids=["many", "largest"],
)
def test_memory_is_bounded_however_many_large_documents_wait(documents: int, size: int, kind: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.unit.ingest.bounded_memory", str(documents), str(size), kind],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2_000:]
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["peak"] - told["before"] < GROWTH, told


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"text":"x"}', 12),
        (b'{"object":{"uri":"s3://b/k","size_bytes":5000}}', 5_000 + 47),
        (b'{"object": {"uri":"s3://b/k"}}', 20_000 + 30),
        (b'{"object": {"size_bytes":99999999999}}', 20_000 + 38),
        (rb'{"text":"\"object\": {"}', 24),
    ],
)
def test_a_document_weighs_what_it_refers_to(value: bytes, expected: int) -> None:
    assert weight(Record("t", 0, 0, None, value), 20_000) == expected


def test_a_budget_lets_in_what_fits_and_a_giant_alone() -> None:
    budget, seen, most = ByteBudget(10), [0], [0]
    lock = threading.Lock()

    def work(size: int) -> None:
        with budget(size):
            with lock:
                seen[0] += min(size, 10)
                most[0] = max(most[0], seen[0])
            threading.Event().wait(0.01)
            with lock:
                seen[0] -= min(size, 10)

    threads = [threading.Thread(target=work, args=(size,)) for size in (3, 4, 50, 5, 2, 9, 1) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most[0] <= 10
    assert seen == [0]
