"""What the page is made of, apart from any server: cutting texts at marks, word differences, plots, the cookie's rules."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from brevity.common.events import Span, SummaryWarning, SupportedSentence
from brevity.feedback.distance import edit_distance
from brevity.feedback.model import StoredSummary
from brevity.feedback.web import charts
from brevity.feedback.web.charts import Point, count_plot, share_plot
from brevity.feedback.web.comparing import pairs
from brevity.feedback.web.segments import WHOLE_BYTES, cut, shown_source, shown_summary
from brevity.feedback.web.session import local_path, same_origin
from brevity.feedback.web.worddiff import word_diff
from brevity.feedback.web.words import heading
from tests.support.feedback import completed

MARKS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5)), max_size=8)


@given(st.text(max_size=50), MARKS)
def test_cutting_keeps_the_text_and_marks_each_character_by_what_covers_it(
    text: str, marks: list[tuple[int, int, int]]
) -> None:
    segments = cut(text, marks)
    assert "".join(segment.text for segment in segments) == text
    place = 0
    for segment in segments:
        for at in range(place, place + len(segment.text)):
            assert set(segment.marks) == {number for first, last, number in marks if first <= at < last}
        place += len(segment.text)


def test_a_mark_begins_once_though_it_is_cut_in_two() -> None:
    segments = cut("one two three", [(0, 7, 1), (4, 13, 2)])
    assert [(s.text, s.marks, s.begins) for s in segments] == [
        ("one ", (1,), (1,)),
        ("two", (1, 2), (2,)),
        (" three", (2,), ()),
    ]


def _sentence(*spans: tuple[int, int]) -> SupportedSentence:
    return SupportedSentence(
        text="x", start=0, end=1, spans=[Span(start=a, end=b) for a, b in spans], support=1
    )


def test_a_short_source_is_shown_whole() -> None:
    source = shown_source("The pier broke. It opens in May.", [_sentence((0, 15))])
    assert source.whole
    assert [(part.text, part.marks) for part in source.stretches[0].segments] == [
        ("The pier broke.", (0,)),
        (" It opens in May.", ()),
    ]


def test_a_long_source_is_shown_around_what_supports_and_says_how_much_is_left_out() -> None:
    text = "word " * (WHOLE_BYTES // 2)
    source = shown_source(text, [_sentence((50_000, 50_004)), _sentence((50_100, 50_104), (10, 14))])
    assert not source.whole
    shown = sum(len(item.text) for part in source.stretches for item in part.segments)
    left_out = source.left_out_after + sum(part.left_out_before for part in source.stretches)
    assert shown + left_out == len(text)
    assert shown < 3_000
    marked = [item.marks for part in source.stretches for item in part.segments if item.marks]
    assert marked == [(1,), (0,), (1,)]
    assert shown_source(text, [], whole=True).whole


def test_warnings_are_cut_into_their_sentences() -> None:
    event = completed("a", text="The harbour was closed on Friday. It opens.")
    event = event.model_copy(
        update={"warnings": [SummaryWarning(code="name_not_in_source", message="?", start=4, end=11)]}
    )
    [sentence] = shown_summary(event).sentences
    assert [(part.text, part.marks) for part in sentence.segments] == [
        ("The ", ()),
        ("harbour", (1,)),
        (" was closed on Friday.", ()),
    ]


def test_sentences_whose_places_do_not_fit_are_shown_one_after_another() -> None:
    event = completed("a")
    wrong = event.sentences[0].model_copy(update={"start": 5, "end": 900, "text": "As it is."})
    shown = shown_summary(event.model_copy(update={"sentences": [wrong, wrong]}))
    assert [part.segments[0].text for part in shown.sentences] == ["As it is.", "As it is."]


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_difference_leads_from_one_text_to_the_other(before: str, after: str) -> None:
    changes = word_diff(before, after)
    assert "".join(change.text for change in changes if change.kind != "inserted") == before
    assert "".join(change.text for change in changes if change.kind != "deleted") == after


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.lists(st.sampled_from("abcd"), max_size=30))
def test_a_difference_keeps_as_much_as_can_be_kept(before: list[str], after: list[str]) -> None:
    """Compared with the textbook's table of longest common subsequences."""
    row = [0] * (len(after) + 1)
    for one in before:
        last, row = row, [0]
        for at, other in enumerate(after):
            row.append(last[at] + 1 if one == other else max(last[at + 1], row[at]))
    one, other = ("".join(f"{sign}." for sign in text) for text in (before, after))
    kept = "".join(c.text for c in word_diff(one, other) if c.kind == "same")
    assert kept.count(".") >= row[-1]


LONG = {
    "other words": (" ".join(f"{n:x}" for n in range(20_000)), " ".join(f"z{n:x}" for n in range(16_000))),
    "the same words in another order": (
        " ".join(f"{n:x}" for n in range(20_000)), " ".join(f"{n:x}" for n in range(20_000, 0, -1))
    ),
    "few words": ("a, " * 33_000, "b, a " * 20_000),
    "no blanks": ("港町" * 50_000, "町海" * 50_000),
    "signs": ("." * 100_000, "!." * 50_000),
    "shared now and then": (
        *(" ".join(f"w{n}" if n % 900 == 0 else f"{side}{n % 7}" for n in range(20_000)) for side in "ab"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LONG)
def test_the_longest_edits_are_compared_in_a_moment(name: str) -> None:
    before, after = LONG[name]
    began = time.process_time()
    changes, distance = word_diff(before, after), edit_distance(before, after)
    assert time.process_time() - began < 1.0
    assert "".join(change.text for change in changes if change.kind != "inserted") == before
    assert "".join(change.text for change in changes if change.kind != "deleted") == after
    assert 0 <= distance <= 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It opens in May.", "It opens in June.", [("deleted", "May"), ("inserted", "June")]),
        ("港は金曜に閉まった", "港は土曜に閉まった", [("deleted", "金"), ("inserted", "土")]),
        ("नदी बह रही है", "नदी सूख रही है", [("deleted", "बह"), ("inserted", "सूख")]),
        ("वह गया", "वह गयी", [("deleted", "गया"), ("inserted", "गयी")]),
    ],
)
def test_a_difference_is_told_in_words(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    assert [(c.kind, c.text) for c in word_diff(before, after) if c.kind != "same"] == expected


def test_a_plot_keeps_all_within_its_frame_and_breaks_the_line_where_nothing_was() -> None:
    points = [Point("1 May", 0.5, 0.2, 0.9, 4), Point("2 May", None), Point("3 May", 1.0, 0.6, 1.0, 9)]
    plot = share_plot(points)
    assert plot.line.count("M") == 2
    assert len(plot.bands) == 2
    assert [dot.label for dot in plot.dots] == ["1 May: 50 % of 4", "3 May: 100 % of 9"]
    assert all(charts.LEFT <= dot.x <= charts.WIDTH and 0 <= dot.y <= charts.HEIGHT for dot in plot.dots)
    assert plot.dots[1].y < plot.dots[0].y


@pytest.mark.parametrize("most", [0, 1, 3, 4, 5, 17, 99, 100, 101, 12_345, 9_999_999])
def test_the_axis_of_counts_is_round_and_holds_the_highest_bar(most: int) -> None:
    plot = count_plot([Point("a", float(most)), Point("b", 0.0)])
    assert plot.bars[0].y >= charts.TOP - 0.01
    assert plot.bars[1].height == pytest.approx(0)
    assert all(float(tick.label.replace(",", "")).is_integer() for tick in plot.ticks)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "same-origin", "host": "a:1"}, True),
        ({"sec-fetch-site": "same-site", "host": "a:1", "origin": "http://a:1"}, False),
        ({"sec-fetch-site": "cross-site", "host": "a:1"}, False),
        ({"origin": "http://a:1", "host": "a:1"}, True),
        ({"origin": "http://a:2", "host": "a:1"}, False),
        ({"origin": "null", "host": "a:1"}, False),
        ({"host": "a:1"}, False),
        ({"origin": "http://[::1", "host": "b.example"}, False),
        ({"origin": "http://[::1", "host": ""}, False),
    ],
)
def test_only_our_own_pages_may_send_forms(headers: dict[str, str], expected: bool) -> None:
    assert same_origin(Headers(headers)) is expected


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", None, "/\n/x"]
)
def test_signing_in_leads_nowhere_else(wanted: str | None) -> None:
    assert local_path(wanted) == "/"
    assert local_path("/summaries/a?source=whole") == "/summaries/a?source=whole"


def _stored(**fields: Any) -> StoredSummary:
    return StoredSummary(event=completed("a", **fields), stored_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_only_different_models_summaries_of_one_text_and_request_are_paired() -> None:
    one = _stored(model_version="one", summary="First.")
    other = _stored(model_version="other", summary="Second.")
    same_model = _stored(model_version="one", summary="Third.", words=11)
    other_text = _stored(model_version="other", text="Quite another text. It is.")
    same_words = _stored(model_version="third", summary="First.")
    found = pairs([one, same_model, other_text, other, same_words], "anna")
    assert [{item.event.model_version for item in pair} for pair in found] == [
        {"one", "other"},
        {"other", "third"},
    ]


def test_which_model_is_on_which_side_tells_nothing() -> None:
    one = _stored(model_version="one", summary="First.")
    other = _stored(model_version="other", summary="Second.")
    first = [pairs([one, other], f"reader-{number}")[0][0].event.model_version for number in range(200)]
    assert 60 < first.count("one") < 140
    assert pairs([one, other], "anna") == pairs([other, one], "anna")


def test_a_document_without_a_title_is_called_by_what_says_most() -> None:
    assert heading(completed("invoice-7")) == "invoice-7"
    assert heading(completed("invoice-7", title="Bill")) == "Bill"
    generated = completed("doc_" + "0" * 32, summary="word " * 40)
    assert heading(generated).endswith("word …")
    assert len(heading(generated)) <= 73
