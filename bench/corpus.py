"""Real documents for benchmarks: the shared data sets where they are, else the bundled samples."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

from tests.support.samples import sample_texts

ROOT = Path(__file__).resolve().parents[1]
DATA_DIR = Path(os.environ.get("DATA_DIR", ROOT.parent / "shared" / "data"))


def rows(name: str, split: str) -> list[dict[str, str]]:
    """The rows of one data set, [] when it is not there."""
    path = DATA_DIR / name / f"{split}.jsonl.gz"
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def documents(count: int) -> tuple[str, list[str]]:
    """Where from, and `count` distinct documents of some hundred to some thousand words."""
    texts = [row["text"] for row in rows("meeting-passages", "train") if len(row["text"]) > 1_000]
    origin = "meeting passages" if texts else "bundled samples"
    source = texts or sample_texts()
    return origin, list(_distinct(source, count))


def _distinct(texts: list[str], count: int) -> Iterator[str]:
    for number in range(count):
        yield f"Document number {number}.\n{texts[number % len(texts)]}"
