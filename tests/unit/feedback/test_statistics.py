"""Counts become rates that say how sure they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.feedback.model import Group
from brevity.feedback.statistics import rows, wilson


def group(**fields: object) -> Group:
    return Group.model_validate(
        {
            "engine": "extractive", "model_version": "1", "language": "en", "day": "2026-03-01", "summaries": 10,
            "with_warnings": 1, "up": 3, "down": 1, "edits": 0, "edit_distance": 0.0, **fields,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    # Newcombe 1998, table I, method 3 (score without continuity correction)
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    rate = wilson(successes, trials)
    assert rate is not None
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_rate_lies_in_its_interval(up: int, down: int) -> None:
    rate = wilson(up, up + down)
    if up + down == 0:
        assert rate is None
        return
    assert rate is not None
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_groups_are_added_up_by_what_is_asked() -> None:
    groups = [
        group(),
        group(language="fr", up=0, down=0, edits=2, edit_distance=0.5),
        group(model_version="2", day="2026-03-02"),
        group(engine="llm", model_version="1", up=0, down=0),
    ]
    by_model = rows(groups, "model_version")
    assert [(row.engine, row.model_version, row.summaries) for row in by_model] == [
        ("extractive", "1", 20),
        ("extractive", "2", 10),
        ("llm", "1", 10),
    ]
    assert by_model[0].rating_rate is not None
    assert by_model[0].rating_rate.value == 0.75
    assert by_model[0].mean_edit_distance == 0.25
    assert by_model[2].rating_rate is None
    assert [(row.language, row.summaries) for row in rows(groups, "language")] == [("en", 30), ("fr", 10)]
    assert [(row.day, row.up) for row in rows(groups, "day")] == [("2026-03-01", 3), ("2026-03-02", 3)]
    assert rows([], "day") == []
