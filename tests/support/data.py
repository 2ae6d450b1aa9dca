"""Real documents for tests, where they are: DATA_DIR, else ../shared/data beside the repository."""

import gzip
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def real_rows(name: str, split: str, limit: int) -> list[dict[str, str]]:
    """The first `limit` rows of a data set; skips the test when the data is not there."""
    folder = Path(os.environ.get("DATA_DIR", _ROOT.parent / "shared" / "data"))
    path = folder / name / f"{split}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no {name}/{split}.jsonl.gz under DATA_DIR")
    return list(islice(_rows(path), limit))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
