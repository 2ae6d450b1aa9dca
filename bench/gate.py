"""How often the promotion gate is wrong: simulated candidates over real per-document scores.

Two rankers are trained on halves of real data and scored on held-out documents. Their paired ROUGE-2 differences are
what a new training changes by chance: as skewed, and as often zero, as they really are. A candidate of known worth is
made of them by centring and adding a shift; the gate sees a fresh draw of documents each time. The gate's thresholds
were chosen on one pool of sets; how often it is wrong is measured on that pool and on one it has never seen.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

from bench.report import QUICK, finish, show
from brevity.nlp.training import train
from brevity.nlp.training_data import example
from brevity.trainer.data.rows import Row
from brevity.trainer.data.sources import read_lines
from brevity.trainer.gate.decide import decide
from brevity.trainer.gate.policy import Policy
from brevity.trainer.gate.scores import Pair, compare, summarizer_of

DATA = Path(os.environ.get("DATA_DIR", Path(__file__).resolve().parents[2] / "shared" / "data"))


class Pool(NamedTuple):
    """Sets with, of each: documents that either ranker learns from, that both are compared on, and that are drawn."""

    sets: tuple[str, ...]
    train: int
    held: int
    each: int


POOLS = {
    "tuned on": Pool(
        ("clinic-dialogue", "science-tldr", "meeting-passages"),
        *((150, 60, 100) if QUICK else (400, 200, 100)),
    ),
    # Long documents: fewer of them take as long.
    "held out": Pool(("biomedical", "encyclopedia-german"), *((20, 30, 150) if QUICK else (100, 150, 150))),
}
CANDIDATES = 40 if QUICK else 300
WORTHS = {
    "worse by 10 %": -0.10,
    "worse by 3 %": -0.03,
    "equal": 0.0,
    "better by 10 %": 0.10,
    "better by 20 %": 0.20,
}
"""Shifts, as shares of the champion's mean ROUGE-2. Clearly better: by 20 %."""


def main() -> None:
    finish("gate", measured())


def measured() -> dict[str, float]:
    """The tables are shown; how many of 100 were promoted or refused wrongly."""
    promoted: dict[str, dict[str, float]] = {}
    for name, made_of in POOLS.items():
        pool = _pool(made_of)
        promoted[name] = _promoted(pool, made_of)
        level = fmean(pair.champion.rouge2 for pair in pool)
        show(
            f"{name}: {', '.join(made_of.sets)}; {len(pool)} real documents, champion's ROUGE-2 {level:.4f},"
            f" {made_of.each * len(made_of.sets)} drawn for each decision, {CANDIDATES} decisions a line",
            ("of 100 candidates", "promoted", "refused"),
            [(worth, count, 100 - count) for worth, count in promoted[name].items()],
        )
    wrong = {
        name: max(found[worth] for worth, share in WORTHS.items() if share <= 0)
        for name, found in promoted.items()
    }
    return {
        "gate_false_promotions": max(wrong.values()),
        "gate_false_promotions_held_out": wrong["held out"],
        "gate_false_refusals": max(100 - found["better by 20 %"] for found in promoted.values()),
        "gate_refusals_of_10_percent": max(100 - found["better by 10 %"] for found in promoted.values()),
    }


def _promoted(pool: list[Pair], made_of: Pool) -> dict[str, float]:
    """Of 100 candidates of each worth, how many pass."""
    level = fmean(pair.champion.rouge2 for pair in pool)
    return {
        name: 100
        / CANDIDATES
        * sum(
            decide(_draw(pool, made_of, share * level, 1_000 * number + i), Policy(), size_bytes=1).passes
            for i in range(CANDIDATES)
        )
        for number, (name, share) in enumerate(WORTHS.items())
    }


def _pool(made_of: Pool) -> list[Pair]:
    """Two rankers, each trained on its half, on the same held-out documents."""
    halves: tuple[dict[str, list[Row]], dict[str, list[Row]]] = ({}, {})
    held: list[Row] = []
    for name in made_of.sets:
        rows = list(read_lines((DATA / name / "train.jsonl.gz").read_bytes(), name))
        random.Random(name).shuffle(rows)
        held += rows[: made_of.held]
        for half, begin in zip(halves, (made_of.held, made_of.held + made_of.train), strict=True):
            half[name] = rows[begin : begin + made_of.train]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (summarizer_of(_trained(half, Path(folder) / "model.json")) for half in halves)
    return list(compare(ours, theirs, held))


def _trained(sets: dict[str, list[Row]], file: Path) -> Path:
    found = {
        name: [e for item in rows if (e := example(item.text, item.summary, item.language)) is not None]
        for name, rows in sets.items()
    }
    file.write_text(json.dumps(train(found, trees=80)))
    return file


def _draw(pool: list[Pair], made_of: Pool, shift: float, seed: int) -> list[Pair]:
    """Documents drawn anew, with a candidate whose true gain over all documents is `shift`."""
    rng = np.random.default_rng(seed)
    centre = fmean(pair.candidate.rouge2 - pair.champion.rouge2 for pair in pool)
    sign = 1 if seed % 2 else -1  # either of the two could have been the champion
    chosen = [
        members[i]
        for members in ([pair for pair in pool if pair.set == name] for name in made_of.sets)
        for i in rng.integers(0, len(members), made_of.each)
    ]
    return [
        _moved(pair, sign * (pair.candidate.rouge2 - pair.champion.rouge2 - centre) + shift)
        for pair in chosen
    ]


def _moved(pair: Pair, gain: float) -> Pair:
    old = pair.champion
    moved = replace(old, rouge2=old.rouge2 + gain)
    return Pair(pair.document, pair.set, pair.recent, pair.language, pair.bucket, moved, old)


if __name__ == "__main__":
    main()
