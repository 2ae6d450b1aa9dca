"""Which days statistics read whole, and how their counts add up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from brevity.feedback.model import Group, SummaryFilter
from brevity.feedback.mongo.days import together, touches, whole_days


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def cut(since: datetime | None, until: datetime | None) -> tuple[date | None, date | None, list[object]]:
    first, end, edges = whole_days(SummaryFilter(since=since, until=until, language="nb"))
    assert all(edge.language == "nb" for edge in edges)
    return first, end, [(edge.since, edge.until) for edge in edges]


def test_whole_days_are_read_as_days() -> None:
    assert cut(None, None) == (None, None, [])
    assert cut(at(2), None) == (date(2026, 3, 2), None, [])
    assert cut(at(2), at(5)) == (date(2026, 3, 2), date(2026, 3, 5), [])
    east = timezone(timedelta(hours=2))
    assert cut(datetime(2026, 3, 2, 2, tzinfo=east), None) == (date(2026, 3, 2), None, [])


def test_a_day_that_is_cut_is_read_summary_by_summary() -> None:
    assert cut(at(2, 12), at(5, 6)) == (
        date(2026, 3, 3),
        date(2026, 3, 5),
        [(at(2, 12), at(3)), (at(5), at(5, 6))],
    )
    assert cut(None, at(5, 6))[2] == [(at(5), at(5, 6))]


@pytest.mark.parametrize("until", [at(2, 13), at(3)])
def test_a_part_of_one_day_is_read_once(until: datetime) -> None:
    first, end, edges = cut(at(2, 12), until)
    assert first == end  # no whole day
    assert edges == [(at(2, 12), until)]


def test_the_ends_of_the_calendar_are_days_too() -> None:
    last = datetime(9999, 12, 31, 12, tzinfo=UTC)
    assert cut(last, None)[0] == date(9999, 12, 31)
    assert cut(datetime(1, 1, 1, tzinfo=UTC), None)[0] == date(1, 1, 1)


def test_groups_of_one_kind_and_day_are_one() -> None:
    one = Group(
        engine="extractive", model_version="extractive-1", language="en", day="2026-03-01",
        summaries=2, with_warnings=0, up=1, down=0, edits=1, edit_distance=0.25,
    )  # fmt: skip
    other = one.model_copy(update={"with_warnings": 2, "down": 3})
    later = one.model_copy(update={"day": "2026-03-02"})
    both, last = together([later, one, other])
    assert (both.day, both.summaries, both.with_warnings, both.up, both.down) == ("2026-03-01", 4, 2, 2, 3)
    assert last == later


def test_a_batch_touches_each_day_once() -> None:
    writes = touches([("a", at(1)), ("a", at(1, 23)), ("a", at(2)), ("b", at(1))])
    assert len(writes) == 3
