"""Training sets: one row a text, parts without leakage, versions that are what they hold."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from brevity.common.errors import Rejected
from brevity.trainer.data.manifest import card, from_parquet, to_parquet
from brevity.trainer.data.rows import (
    Origin,
    Row,
    deduplicated,
    parted,
    passage_marks,
    row,
    spaced,
    version_of,
)
from brevity.trainer.data.sources import read_lines


def words(seed: int, count: int = 120) -> str:
    chosen = random.Random(seed)
    return " ".join(f"w{chosen.randrange(5_000)}" for _ in range(count))


def made(text: str, *, origin: Origin = "file", summary: str = "a summary", recorded_at: str = "") -> Row:
    return row(
        set_name="s", text=text, summary=summary, language="en", origin=origin, recorded_at=recorded_at
    )


def test_a_text_has_one_reference_a_reviewers_latest_words_before_all_others() -> None:
    rows = [
        made("one", summary="came with it"),
        made("one", origin="edit", summary="first thought", recorded_at="2026-01-01T00:00:00+00:00"),
        made("one", origin="edit", summary="second thought", recorded_at="2026-02-01T00:00:00+00:00"),
        made("one", origin="choice", summary="chosen"),
        made("two", summary="other"),
        made("two", origin="choice", summary="chosen"),
    ]
    assert {item.text: item.summary for item in deduplicated(rows)} == {
        "one": "second thought",
        "two": "other",
    }


def test_the_order_in_which_rows_come_changes_nothing() -> None:
    rows = [made(words(i), summary=f"s{i}") for i in range(60)] + [made(words(3), summary="again")]
    shuffled = random.Random(1).sample(rows, len(rows))
    ours, theirs = parted(deduplicated(rows)), parted(deduplicated(shuffled))
    assert ours == theirs
    assert to_parquet(ours) == to_parquet(theirs)
    assert version_of(ours) == version_of(theirs)


def test_texts_that_share_a_passage_are_in_the_same_part() -> None:
    rows = []
    for i in range(80):
        whole = words(i, 600)
        rows += [made(whole), made(" ".join(whole.split()[200:500])), made(f"{words(1000 + i)} {whole}")]
    parts = {item.text: item.part for item in parted(deduplicated(rows))}
    groups = [{parts[item.text] for item in rows[i : i + 3]} for i in range(0, len(rows), 3)]
    assert all(len(group) == 1 for group in groups)
    assert {"test", "train"} <= {part for group in groups for part in group}


def test_what_was_tested_with_once_is_never_trained_on_later() -> None:
    early = [made(words(i, 300)) for i in range(150)]
    later = early + [made(f"{item.text} {words(900 + i)}") for i, item in enumerate(early)]
    before = {item.text for item in parted(deduplicated(early)) if item.part == "test"}
    after = {item.text for item in parted(deduplicated(later)) if item.part == "test"}
    assert before
    assert before <= after


def test_nothing_that_shares_a_passage_with_the_frozen_set_is_kept() -> None:
    frozen = words(7, 400)
    part_of_it = " ".join(frozen.split()[100:300])
    rows = [made(frozen), made(part_of_it), made(words(8))]
    kept = parted(deduplicated(rows), passage_marks(frozen))
    assert [item.text for item in kept] == [words(8)]


def test_a_version_is_named_by_what_it_holds() -> None:
    rows = parted([made(words(1)), made(words(2))])
    assert version_of(rows) == version_of(list(rows))
    assert version_of(rows) != version_of([rows[0], replace(rows[1], summary="another")])


def test_a_version_is_read_back_as_it_was_and_refused_when_it_is_another() -> None:
    rows = parted([made(words(1)), made("Ünï\u2028cödé \r\n " + words(2))])
    data = to_parquet(rows)
    assert from_parquet(data, version_of(rows)) == rows
    with pytest.raises(Rejected, match="damaged"):
        from_parquet(data, "data-0000000000000000")
    with pytest.raises(Rejected, match="damaged"):
        from_parquet(data[:-30], version_of(rows))


def test_the_data_card_counts_what_is_there() -> None:
    rows = parted([made(words(i)) for i in range(40)])
    told = card(version_of(rows), rows, to_parquet(rows), "data-frozen")
    assert told["documents"] == 40
    assert sum(told["parts"].values()) == 40
    assert told["languages"] == {"en": 40}
    assert told["sets"]["s"]["licences"] == ["not stated"]
    assert told["kept_apart_from"] == "data-frozen"
    assert len(told["sha256"]) == 64


def test_lines_that_are_not_rows_are_named() -> None:
    good = '{"text": "one two three four five", "summary": "one"}'
    assert [item.language for item in read_lines(f"{good}\n\n".encode(), "x")] == ["en"]
    for bad in ("{", "[]", '{"text": "one"}', '"text"'):
        with pytest.raises(Rejected, match="line 2"):
            list(read_lines(f"{good}\n{bad}".encode(), "x"))
    with pytest.raises(Rejected, match="bad_source"):
        list(read_lines(b"\x1f\x8bnot gzip", "x"))


def test_evenly_spaced_rows_are_as_many_as_asked_for_and_in_order() -> None:
    rows = [made(words(i, 10)) for i in range(17)]
    for most in (1, 5, 16, 17, 40):
        chosen = list(spaced(rows, most))
        assert len(chosen) == min(most, 17)
        assert chosen == [item for item in rows if item in chosen]
