"""What the demo of the learning loop is told with: real documents of two domains, each used for one purpose."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "loop"
OLD, NEW = "science-tldr", "clinic-dialogue"
SHUFFLED = "shuffled"

Row = dict[str, str]
"""id, text, summary (written by people), language, domain, source, licence."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many documents are used for what, and the settings that make the loop short.

    Attributes:
        known: Of the old domain, to train the first model on. With half of them two trainings differ so much by chance
            that some candidate seems to lose the old domain.
        frozen: Of each domain, for the gate to judge on.
        usual: Of the old domain, sent through the platform: what the drift monitors learn as usual.
        corrected: Of the new domain, sent through and corrected by reviewers.
        held: Of the new domain, sent through and corrected by nobody: quality before and after is measured on them.
        baseline: `BREVITY_DRIFT_BASELINE`.
        quiet_seconds: `BREVITY_TRAINER_DRIFT_QUIET_SECONDS`; reviewers' corrections must be in by then.
    """

    known: int = 600
    frozen: int = 120
    usual: int = 140
    corrected: int = 300
    held: int = 100
    baseline: int = 60
    quiet_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Material:
    """The rows by purpose; no document serves two."""

    known: Sequence[Row]
    frozen: Sequence[tuple[str, Sequence[Row]]]
    usual: Sequence[Row]
    corrected: Sequence[Row]
    held: Sequence[Row]

    @classmethod
    def of(cls, sizes: Sizes) -> Material:
        """Raises ValueError when the bundled samples are fewer than `sizes` wants."""
        old, new = _read(OLD), _read(NEW)
        known, frozen_old, usual = _cut(old, sizes.known, sizes.frozen, sizes.usual)
        corrected, frozen_new, held = _cut(new, sizes.corrected, sizes.frozen, sizes.held)
        return cls(known, ((OLD, frozen_old), (NEW, frozen_new)), usual, corrected, held)

    def shuffled(self) -> list[Row]:
        """The corrected documents, each with another's reference: nothing can be learned from them."""
        summaries = [row["summary"] for row in self.corrected]
        random.Random(5).shuffle(summaries)  # noqa: S311 - a repeatable order, no secret
        return [{**row, "summary": other} for row, other in zip(self.corrected, summaries, strict=True)]


def lines(rows: Sequence[Row]) -> bytes:
    """As `brevity data add` takes them."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _read(name: str) -> list[Row]:
    with gzip.open(SAMPLES / f"{name}.jsonl.gz", "rt", encoding="utf-8") as found:
        return [json.loads(line) for line in found]


def _cut(rows: Sequence[Row], *counts: int) -> list[Sequence[Row]]:
    if sum(counts) > len(rows):
        raise ValueError(f"{sum(counts)} documents are wanted, {len(rows)} are bundled")
    parts: list[Sequence[Row]] = []
    begin = 0
    for count in counts:
        parts.append(rows[begin : begin + count])
        begin += count
    return parts
