"""What people say of a summary: how it is bound, measured and added up."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from brevity.common.errors import Rejected
from brevity.common.events import encode
from brevity.feedback.distance import edit_distance
from brevity.feedback.judging import Given, event_of, feedback_of, latest_edits, same, tally_of
from brevity.feedback.model import Feedback
from tests.support.feedback import completed, feedback, minutes

SUMMARY = completed("a")
WORDS = st.lists(st.sampled_from("abcdef"), max_size=12)


@pytest.mark.parametrize(
    ("before", "after", "distance"),
    [
        ("The pier is shut.", "The pier is shut.", 0),
        ("The pier is shut.", "The pier is open.", 1 / 4),
        ("The pier is shut.", "The pier is now shut again.", 2 / 6),
        ("one two three four", "four one two three", 2 / 4),
        ("", "One.", 1),
        ("One.", "Two.", 1),
        ("!", "?", 0),
        ("港口关闭", "港口开放", 2 / 4),
    ],
)
def test_an_edit_is_as_far_as_the_words_it_changed(before: str, after: str, distance: float) -> None:
    assert edit_distance(before, after) == pytest.approx(distance)


def _by_the_book(old: list[str], new: list[str]) -> int:
    """Levenshtein's recurrence, word by word."""
    row = list(range(len(new) + 1))
    for i, word in enumerate(old, start=1):
        last, row[0] = row[0], i
        for j, other in enumerate(new, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


@given(WORDS, WORDS)
def test_the_distance_is_levenshteins(old: list[str], new: list[str]) -> None:
    longest = max(len(old), len(new))
    expected = _by_the_book(old, new) / longest if longest else 0.0
    assert edit_distance(" ".join(old), " ".join(new)) == pytest.approx(expected)


def test_feedback_is_bound_to_all_that_made_the_summary() -> None:
    said = Given(
        rating="down", reasons=["too_long", "too_long", "made_up"], edited_summary=" Cafe\u0301 shut. "
    )
    made = feedback_of(
        SUMMARY, said, reviewer="anna", feedback_id="f1", at=minutes(1).replace(microsecond=1_999)
    )
    assert made.edited_summary == "Caf\u00e9 shut."
    assert made.reasons == ["too_long", "made_up"]
    assert made.recorded_at.microsecond == 1_000
    for name in ("tenant", "summary_id", "document_id", "content_hash", "engine", "model_version", "request",
                 "decoding", "language"):  # fmt: skip
        assert getattr(made, name) == getattr(SUMMARY, name)


def test_what_is_published_is_the_same_bytes_before_and_after_it_was_stored() -> None:
    made = feedback_of(
        completed("a", decoding={"beams": 4, "nested": {"x": [1.5, None]}}),
        Given(edited_summary="Shut.", comment="x"), reviewer="a", feedback_id="f", at=minutes(0.0123),
    )  # fmt: skip
    again = Feedback.model_validate_json(made.model_dump_json(exclude_none=True))
    first, second = (
        encode(event_of(item), source="feedback", time=item.recorded_at) for item in (made, again)
    )
    assert first == second


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reasons": ["too_long"]},
        {"comment": "only words"},
        {"rating": "sideways"},
        {"rating": "up", "reasons": ["because"]},
        {"rating": "up", "unknown": 1},
        {"edited_summary": "   "},
        {"edited_summary": "half \ud83d"},
        {"edited_summary": "x" * 100_001},
        {"rating": "up", "comment": "x" * 2_001},
    ],
)
def test_nothing_said_or_said_wrongly_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Given.model_validate(body)


def test_an_edit_that_changes_nothing_is_refused() -> None:
    with pytest.raises(Rejected, match="unchanged"):
        feedback_of(
            SUMMARY,
            Given(edited_summary=SUMMARY.summary + "\n"),
            reviewer="a",
            feedback_id="f",
            at=minutes(0),
        )


def test_each_reviewers_latest_rating_and_edit_count_once() -> None:
    entries = [
        feedback(SUMMARY, "1", after=1, rating="up"),
        feedback(SUMMARY, "2", after=2, rating="down"),
        feedback(SUMMARY, "3", after=3, rating="up", reviewer="ben"),
        feedback(SUMMARY, "4", after=4, rating=None, edited_summary="A.", edit_distance=0.9),
        feedback(SUMMARY, "5", after=5, rating=None, edited_summary="B.", edit_distance=0.5),
        feedback(SUMMARY, "6", after=6, rating=None, preferred_over="other"),
    ]
    tally = tally_of(entries)
    assert (tally.up, tally.down, tally.edits, tally.edit_distance) == (1, 1, 1, 0.5)
    assert tally.standing == "mixed"
    assert [entry.feedback_id for entry in latest_edits(entries)] == ["5"]
    assert tally_of([]).standing == "none"


def test_the_same_said_later_is_the_same() -> None:
    entry = feedback(SUMMARY, "1", after=1)
    assert same(entry, feedback(SUMMARY, "1", after=9))
    assert not same(entry, feedback(SUMMARY, "1", after=1, rating="down"))


def test_long_edits_are_measured_in_bounded_time() -> None:
    chance = random.Random(1)
    one, other = (" ".join(str(chance.random()) for _ in range(2_000)) for _ in range(2))
    assert edit_distance(one, other) == 1
