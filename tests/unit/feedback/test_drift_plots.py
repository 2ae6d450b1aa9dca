"""Plots of the drift tests: what lies where, and what is said of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brevity.common.events import DriftDetected
from brevity.common.events.learning import Window
from brevity.feedback.drift.measures import FAMILIES as MEASURED
from brevity.feedback.mongo.drift_series import DriftPoint
from brevity.feedback.web import charts
from brevity.feedback.web.drift_plots import FAMILIES, NAMES, family_of, levels
from tests.support.feedback import START


def point(hours: float, evidence: float, family: str = "rating") -> DriftPoint:
    return DriftPoint(
        hour=START + timedelta(hours=hours), family=family, model_version="m-1", count=10, evidence=evidence,
        statistic="rating", effect=-0.1,
    )  # fmt: skip


def alarm(hours: float, monitor: str = "quality.rating") -> DriftDetected:
    window = Window(first_at=START, last_at=START, count=1)
    return DriftDetected(
        drift_id="d", monitor=monitor, model_version="m-1", statistic=9.0, threshold=8.0, reference=window,
        current=window, detected_at=START + timedelta(hours=hours),
    )  # fmt: skip


def test_every_monitor_has_a_family_with_a_plot_and_its_statistic_a_name() -> None:
    for name, family in MEASURED.items():
        for statistic in family.statistics:
            assert family_of(f"{family.name}.{statistic.name}") == name
            assert statistic.name in NAMES
    assert set(FAMILIES) == set(MEASURED)


def test_more_evidence_lies_higher_and_an_alarm_lies_on_the_threshold_at_its_time() -> None:
    evidence = [0.0, 1e-9, 1e-3, 0.5, 1.0, 2.0, 1e9]
    points = [point(n, value) for n, value in enumerate(evidence)]
    [level] = levels(points, [alarm(4.5)], START, START + timedelta(hours=7))
    plot = level.drawing
    heights = [float(place.split()[1]) for place in plot.line[1:].split("L")]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == heights[1] == charts.HEIGHT - charts.BOTTOM
    assert heights[-1] == charts.TOP
    assert plot.threshold == pytest.approx(heights[4], abs=0.1)
    [mark] = plot.marks
    assert mark.y == plot.threshold
    span = charts.WIDTH - charts.LEFT - charts.RIGHT
    assert mark.x == pytest.approx(charts.LEFT + span * 4.5 / 7)
    assert "1 alarm" in level.words
    assert [row.evidence for row in level.rows] == evidence[::-1]


def test_a_long_period_is_drawn_in_few_places_and_shows_the_highest_of_each() -> None:
    points = [point(n, 0.9 if n == 1_000 else 0.01) for n in range(24 * 90)]
    [level] = levels(points, [], START, START + timedelta(days=90))
    assert len(level.drawing.line[1:].split("L")) == 120
    assert sum(row.evidence == 0.9 for row in level.rows) <= 1
    assert "highest at 90 %" in level.words


def test_what_comes_from_a_clock_ahead_of_ours_counts_as_now_and_what_was_not_tested_is_not_drawn() -> None:
    found = levels([point(99, 0.5)], [alarm(99)], START, START + timedelta(hours=7))
    [mark] = found[0].drawing.marks
    assert mark.x < charts.WIDTH - charts.RIGHT
    assert [level.title for level in found] == ["Ratings"]
    assert levels([], [], START, START + timedelta(days=7)) == []
    assert [x.title for x in levels([], [alarm(1, "input.words")], START, START + timedelta(days=7))] == [
        "Documents"
    ]
