"""Training: the same data give the same file, nothing of a validation split is learnt, and the file works."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from brevity.nlp import training
from brevity.nlp.extractive import ExtractiveSummarizer
from brevity.nlp.ranker import Ranker
from brevity.nlp.training_data import example, passages, validation_passages

WORDS = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in ("n", "r", "st", "l")]


def _row(seed: int) -> dict[str, str]:
    """A text of random sentences, in which the reference's words stand in sentences that hold "decided"."""
    draw = random.Random(seed)
    said = [" ".join(draw.choices(WORDS, k=9)) for _ in range(12)]
    chosen = draw.sample(range(12), 2)
    sentences = [f"{'They decided' if i in chosen else 'He watched'} {s}." for i, s in enumerate(said)]
    summary = " ".join(said[i] for i in chosen)
    return {"id": str(seed), "text": " ".join(sentences), "summary": summary, "language": "en"}


def _write(folder: Path, split: str, rows: list[dict[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{split}.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    _write(folder / "decisions", "train", [_row(seed) for seed in range(60)])
    _write(folder / "decisions", "validation", [_row(0)])
    return folder


def test_the_same_data_give_the_same_file_that_picks_what_the_references_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    for path in paths:
        assert training.main(["--data", str(data), "--out", str(path)]) == 0
    assert "decisions: 59 taken, 1 left out" in capsys.readouterr().out
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert Ranker.load(paths[0]).cues["en"]["decided"] > 0
    unseen = _row(1_000)
    extract = ExtractiveSummarizer.load(paths[0]).summarize(
        unseen["text"], language="en", words=22, style="paragraph"
    )
    assert [s.text.startswith("They decided") for s in extract.sentences] == [True, True]


def test_the_error_is_told_after_each_tree_and_watching_changes_nothing() -> None:
    found = [example(row["text"], row["summary"], "en") for row in map(_row, range(80))]
    usable = [item for item in found if item is not None]
    told: list[tuple[int, dict[str, float]]] = []
    watched = training.train(
        {"decisions": usable[:60]},
        trees=12,
        held_out=usable[60:],
        watch=lambda step, losses: told.append((step, dict(losses))),
    )
    assert watched == training.train({"decisions": usable[:60]}, trees=12)
    assert [step for step, _ in told] == list(range(1, 13))
    for name in ("train_loss", "held_out_loss"):
        assert told[-1][1][name] < told[0][1][name]
    unwatched: list[dict[str, float]] = []
    training.train({"d": usable[:60]}, trees=1, watch=lambda _, losses: unwatched.append(dict(losses)))
    assert set(unwatched[0]) == {"train_loss"}


def test_a_text_that_holds_a_passage_of_a_validation_text_is_told_apart(tmp_path: Path) -> None:
    long = " ".join(_row(seed)["text"] for seed in range(5))
    _write(tmp_path / "set", "validation", [{"text": long}, {"text": "A short note."}])
    held_out = validation_passages(tmp_path)
    middle = long[200:1800].upper().replace(" ", "\n")
    assert not held_out.isdisjoint(passages(f"Something before. {middle} Something after."))
    assert not held_out.isdisjoint(passages("A short note!"))
    assert held_out.isdisjoint(passages(_row(77)["text"]))


def test_a_sentence_is_worth_the_pairs_it_shares_with_the_reference() -> None:
    found = example("One two three four. Nothing of it here. Three four.", "Two three four.", "en")
    assert found is not None
    assert found.budget == 3
    assert found.hits.tolist() == pytest.approx([1 + 0.15 * 2, 0, 1 + 0.15 * 2])
    assert example("Only one sentence.", "One.", "en") is None


def test_without_data_training_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert training.main(["--data", str(tmp_path), "--out", str(tmp_path / "model.json")]) == 2
    assert "train.jsonl.gz" in capsys.readouterr().err
