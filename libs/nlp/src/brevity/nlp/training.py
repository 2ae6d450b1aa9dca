"""Train the sentence ranker: `python -m brevity.nlp.training --data DIR --out PATH`.

DIR holds a folder for each data set with train.jsonl.gz (and validation.jsonl.gz, whose texts are never trained on).
A sentence's label is the share of its word pairs and words that the reference summary also has, standardised within
the document. Every document weighs the same within its set and every set the same. The same data give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from brevity.nlp.features import FEATURES, Array, features, read
from brevity.nlp.ranker import FORMAT
from brevity.nlp.rouge import ngrams, tokens
from brevity.nlp.transcript import read_sentences

MAX_DOCUMENTS = 500
"""Documents taken of each set, evenly spaced."""
MAX_SENTENCES = 150
"""Sentences taken of a document, evenly spaced: long documents teach nothing more."""
TREES = 160

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
_SHINGLE = 200


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
    held_out = _held_out(options.data)
    rows, labels, weights = [], [], []
    for file in files:
        documents = _rows(file)
        clean = [d for d in documents if not _overlaps(d["text"], held_out)]
        step = max(1, len(clean) // MAX_DOCUMENTS)
        taken = clean[::step][:MAX_DOCUMENTS]
        print(
            f"{file.parent.name}: {len(taken)} taken, {len(documents) - len(clean)} left out (in validation)"
        )
        for document in taken:
            x, y = examples(document["text"], document["summary"], document.get("language"))
            rows.append(x)
            labels.append(y)
            weights.append(np.full(len(y), 1.0 / max(1, len(y)) / len(taken)))
    model = train(np.concatenate(rows), np.concatenate(labels), np.concatenate(weights))
    options.out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


def examples(text: str, summary: str, language: str | None) -> tuple[Array, Array]:
    """Features and labels of a document's sentences."""
    sentences = read_sentences(text, language)
    document = read(text, sentences, None)
    reference = tokens(summary)
    if len(sentences) < 2 or not reference:
        return np.zeros((0, len(FEATURES))), np.zeros(0)
    words, pairs = set(reference), set(ngrams(reference, 2))
    labels = np.array([_worth(w, words, pairs) for w in document.words])
    labels = (labels - labels.mean()) / (labels.std() + 1e-6)
    rows = features(document, max(1, len(reference)))
    step = max(1, len(labels) // MAX_SENTENCES)
    return rows[::step], np.clip(labels[::step], -3, 5)


def _worth(sentence: Sequence[str], words: set[str], pairs: set[tuple[str, ...]]) -> float:
    """Words of the reference gained for each word spent; very short sentences gain little either way."""
    unigrams = sum(w in words for w in set(sentence))
    bigrams = sum(p in pairs for p in set(pairwise(sentence)))
    return (2 * bigrams + 0.3 * unigrams) / (len(sentence) + 6)


def train(rows: Array, labels: Array, weights: Array) -> dict[str, object]:
    """Boost trees on the examples and lay them out as `Ranker` reads them."""
    import lightgbm  # only training needs it

    data = lightgbm.Dataset(rows, labels, weight=weights * len(weights) / weights.sum(), params=_SETTINGS)
    dump = lightgbm.train(_SETTINGS, data, num_boost_round=TREES).dump_model()
    nodes: dict[str, list[float]] = {key: [] for key in ("feature", "threshold", "left", "right", "value")}
    roots, depth = [], 1
    for tree in dump["tree_info"]:
        root, deep = _lay_out(tree["tree_structure"], nodes)
        roots.append(root)
        depth = max(depth, deep)
    return {"format": FORMAT, "features": list(FEATURES), "depth": depth, "roots": roots, **nodes}


def _lay_out(node: dict[str, Any], nodes: dict[str, list[float]]) -> tuple[int, int]:
    """Append the node and all below it; its place and the depth below it."""
    place = len(nodes["value"])
    split = "split_feature" in node
    nodes["feature"].append(node["split_feature"] if split else 0)
    nodes["threshold"].append(float(f"{node['threshold']:.6g}") if split else 0.0)
    nodes["value"].append(0.0 if split else float(f"{node['leaf_value']:.4g}"))
    nodes["left"].append(place)
    nodes["right"].append(place)
    if not split:
        return place, 0
    nodes["left"][place], left = _lay_out(node["left_child"], nodes)
    nodes["right"][place], right = _lay_out(node["right_child"], nodes)
    return place, 1 + max(left, right)


def _rows(file: Path) -> list[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _held_out(data: Path) -> set[int]:
    """Every stretch of the validation texts at steps of one character would be too many: whole lines serve."""
    files = sorted(data.glob("*/validation.jsonl.gz"))
    return {hash(line) for file in files for row in _rows(file) for line in long_lines(row["text"])}


def long_lines(text: str) -> Iterable[str]:
    """Lines long enough that two texts share one only when they share a passage."""
    return (found.group() for found in re.finditer(rf"\S[^\n\r]{{{_SHINGLE},}}", text))


def _overlaps(text: str, held_out: set[int]) -> bool:
    return any(hash(line) in held_out for line in long_lines(text))


if __name__ == "__main__":
    sys.exit(main())
