"""Train the sentence ranker: `python -m brevity.nlp.training --data DIR --out PATH`.

DIR holds a folder for each data set with train.jsonl.gz; a row that shares a passage with any validation.jsonl.gz
there is left out. Every document weighs the same within its set and every set the same. The same data give the same
bytes on the same machine and versions. How it was arrived at: docs/engine.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brevity.nlp import cues
from brevity.nlp.features import FEATURES, KIND, features
from brevity.nlp.ranker import FORMAT
from brevity.nlp.terms import Array
from brevity.nlp.training_data import Example, cue_worth, labels, load, validation_passages

MAX_WORDS = 2_000_000
"""Words of text taken of each set, in documents evenly spaced."""
MAX_SENTENCES = 150
"""Sentences taken of a document, evenly spaced: long documents teach nothing more."""
FOLDS = 4
"""Parts of the documents: a document's cues come from the other parts, so that no label leaks into its features."""
WITHOUT_CUES = 0.3
"""Share of the documents that are seen without cues, as one of an unknown language is."""
TREES = 160
_SPREAD_FLOOR = 0.02
"""Least spread of a kind of document, as a share of its mean: no set is so uniform that nothing else is like it."""

_SETTINGS: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.06,
    "num_leaves": 24,
    "max_depth": 6,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}

Sets = Mapping[str, Sequence[Example]]
Table = tuple[Array, Array, Array]
"""Features, labels and weights of sentences."""
Watch = Callable[[int, Mapping[str, float]], None]
"""Told after each tree: how many there are, and the mean squared error so far, `train_loss` and `held_out_loss`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write the model; the exit status is 2 when the data are missing."""
    parser = argparse.ArgumentParser(description="Train the extractive summarizer's ranker.")
    parser.add_argument("--data", type=Path, required=True, help="folder of data sets")
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    options = parser.parse_args(arguments)
    files = sorted(options.data.glob("*/train.jsonl.gz"))
    if not files:
        print(f"No */train.jsonl.gz under {options.data}; name the folder of the data sets.", file=sys.stderr)
        return 2
    held_out = validation_passages(options.data)
    sets: dict[str, list[Example]] = {}
    for file in files:
        name = file.parent.name
        sets[name], dropped = load(file.parent, held_out, MAX_WORDS)
        print(f"{name}: {len(sets[name])} taken, {dropped} left out (they share a passage with validation)")
    model = train(sets)
    options.out.write_text(
        json.dumps(model, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    return 0


def train(
    sets: Sets,
    boosting: Mapping[str, float] | None = None,
    trees: int = TREES,
    *,
    held_out: Sequence[Example] = (),
    watch: Watch | None = None,
) -> dict[str, object]:
    """The model that brevity.nlp.ranker reads.

    Args:
        boosting: Changes some of the boosting library's settings, by its own names, the seed among them.
        held_out: Documents that nothing is learnt from; `watch` is told the error on them.
        watch: Watching changes nothing of the model.
    """
    everything = [e for examples in sets.values() for e in examples]
    tables = {
        language: _learn(everything, language, None) for language in sorted({e.language for e in everything})
    }
    folds = {
        (language, fold): _learn(everything, language, fold) for language in tables for fold in range(FOLDS)
    }
    rows, targets, weights, kinds = [], [], [], []
    for examples in sets.values():
        means = []
        for example in examples:
            x, y, w = _rows(example, folds)
            means.append(x[:, KIND].mean(axis=0))
            step = max(1, len(y) // MAX_SENTENCES)
            rows.append(x[::step])
            targets.append(y[::step])
            weights.append(w[::step] / w[::step].sum() / len(examples))
        kinds.append(_kind(examples[0].language, np.stack(means)))
    settings = {**_SETTINGS, **(boosting or {})}
    table = np.concatenate(rows), np.concatenate(targets), np.concatenate(weights)
    unseen = _table([e for e in held_out if e.language in tables], tables) if watch is not None else None
    boosted = _boost(table, settings, trees, unseen, watch)
    return {"format": FORMAT, "features": list(FEATURES), "kinds": kinds, "trees": boosted, "cues": tables}


def _learn(examples: Sequence[Example], language: str, without: int | None) -> cues.Table:
    """The cues of a language, one fold of the documents left out."""
    used = (e for e in examples if e.language == language and e.key % FOLDS != without)
    return cues.learn((e.document.words, cue_worth(e)) for e in used)


def _rows(example: Example, folds: Mapping[tuple[str, int], cues.Table]) -> tuple[Array, Array, Array]:
    """Features, labels and weights of a document's sentences."""
    blind = example.key // FOLDS % 100 < 100 * WITHOUT_CUES
    table = {} if blind else folds[example.language, example.key % FOLDS]
    words = example.document.words
    return features(example.document, example.budget, cues.columns(words, table)), *labels(example)


def _table(examples: Sequence[Example], tables: Mapping[str, cues.Table]) -> Table | None:
    """Rows, labels and weights of unseen documents, with the cues that the model will have; None of none."""
    if not examples:
        return None
    found = []
    for example in examples:
        words = example.document.words
        y, w = labels(example)
        x = features(example.document, example.budget, cues.columns(words, tables[example.language]))
        found.append((x, y, w / w.sum()))
    rows, targets, weights = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(targets), np.concatenate(weights)


def _kind(language: str, means: Array) -> dict[str, object]:
    spread = means.std(axis=0) + _SPREAD_FLOOR * (np.abs(means).mean(axis=0) + _SPREAD_FLOOR)
    return {"language": language, "mean": _rounded(means.mean(axis=0)), "spread": _rounded(spread)}


def _rounded(values: Array) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _boost(
    table: Table, settings: Mapping[str, Any], trees: int, unseen: Table | None, watch: Watch | None
) -> dict[str, object]:
    """Boost trees on the examples and lay them out as `Ranker` reads them."""
    import lightgbm  # only training needs it

    def dataset(of: Table, **options: Any) -> lightgbm.Dataset:
        rows, labels, weights = of
        return lightgbm.Dataset(
            rows, labels, weight=weights * len(weights) / weights.sum(), params=dict(settings), **options
        )

    def tell(state: Any) -> None:
        if watch is not None:
            losses = {f"{name}_loss": float(value) for name, _, value, *_ in state.evaluation_result_list}
            watch(state.iteration + 1, losses)

    data = dataset(table)
    seen = {"train": data} if watch is not None else {}
    if unseen is not None:
        seen["held_out"] = dataset(unseen, reference=data)
    dump = lightgbm.train(
        dict(settings),
        data,
        num_boost_round=trees,
        valid_sets=list(seen.values()),
        valid_names=list(seen),
        callbacks=[tell],
    ).dump_model()
    nodes: dict[str, list[float]] = {key: [] for key in ("feature", "threshold", "left", "right", "value")}
    roots, depth = [], 1
    for tree in dump["tree_info"]:
        root, deep = _lay_out(tree["tree_structure"], nodes)
        roots.append(root)
        depth = max(depth, deep)
    return {"depth": depth, "roots": roots, **nodes}


def _lay_out(node: dict[str, Any], nodes: dict[str, list[float]]) -> tuple[int, int]:
    """Append the node and all below it; its place and the depth below it."""
    place = len(nodes["value"])
    split = "split_feature" in node
    nodes["feature"].append(node["split_feature"] if split else 0)
    nodes["threshold"].append(float(f"{node['threshold']:.6g}") if split else 0)
    nodes["value"].append(0 if split else float(f"{node['leaf_value']:.4g}"))
    nodes["left"].append(place)
    nodes["right"].append(place)
    if not split:
        return place, 0
    nodes["left"][place], left = _lay_out(node["left_child"], nodes)
    nodes["right"][place], right = _lay_out(node["right_child"], nodes)
    return place, 1 + max(left, right)


if __name__ == "__main__":
    sys.exit(main())
