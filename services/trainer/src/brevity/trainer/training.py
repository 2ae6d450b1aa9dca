"""The extractive ranker's training, top to bottom: rows in, the bytes of a model out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from brevity.common.errors import Rejected
from brevity.nlp.training import Watch, train
from brevity.nlp.training_data import Example, example
from brevity.trainer.data.rows import Row, spaced
from brevity.trainer.recipe import RankerRecipe

LEAST_DOCUMENTS = 20
"""Fewer than this teach nothing that would hold elsewhere."""
_HELD_OUT = 100

Progress = Callable[[float, str], None]
"""Told how much is done, from 0 to 1, and what is being done."""


def train_ranker(
    rows: Sequence[Row], recipe: RankerRecipe, progress: Progress, watch: Watch | None = None
) -> tuple[bytes, int]:
    """The model's file and how many documents it learned from.

    The same rows and recipe give the same bytes on the same machine and versions.

    Args:
        rows: A version's rows; only its training part teaches.
        watch: Told the losses after each tree, on the training part and on documents of the test part.

    Raises:
        Rejected: `too_few_documents`.
    """
    sets: dict[str, list[Example]] = {}
    for name, chosen in _chosen(rows, recipe.words_per_set).items():
        progress(0.6 * len(sets) / max(1, len({row.set for row in rows})), f"reading {name}")
        found = [example(row.text, row.summary, row.language) for row in chosen]
        usable = [item for item in found if item is not None]
        if usable:
            sets[name] = usable
    documents = sum(map(len, sets.values()))
    if documents < LEAST_DOCUMENTS:
        raise Rejected(
            f"only {documents} documents can be trained on, {LEAST_DOCUMENTS} are needed",
            code="too_few_documents",
            remedy="Add sources with `brevity data add`, or collect more of reviewers' edits first.",
        )
    progress(0.6, f"boosting on {documents} documents of {len(sets)} sets")
    held = _held_out(rows) if watch is not None else []
    model = train(sets, recipe.boosting(), recipe.trees, held_out=held, watch=watch)
    progress(1.0, "trained")
    return (json.dumps(model, ensure_ascii=False, separators=(",", ":")) + "\n").encode(), documents


def _held_out(rows: Sequence[Row]) -> list[Example]:
    """Documents of the test part, evenly spaced: enough to see when more trees stop helping."""
    found = (
        example(row.text, row.summary, row.language)
        for row in spaced([row for row in rows if row.part == "test"], _HELD_OUT)
    )
    return [item for item in found if item is not None]


def _chosen(rows: Sequence[Row], most_words: int) -> dict[str, list[Row]]:
    """The training part by set, in documents evenly spaced that hold about `most_words` words."""
    sets: dict[str, list[Row]] = {}
    for row in rows:
        if row.part == "train":
            sets.setdefault(f"{row.set}.{row.language}", []).append(row)
    steps = {
        name: 1 + sum(len(row.text.split()) for row in members) // most_words
        for name, members in sets.items()
    }
    return {name: members[:: steps[name]] for name, members in sorted(sets.items())}
