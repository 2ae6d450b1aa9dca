"""When a training starts by itself: bursts of alarms, the cost rule, the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from brevity.trainer.triggers.rules import Alarm, Costs, burst_is_over, due, valid_schedule, weigh

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
QUIET, LONGEST = timedelta(minutes=5), timedelta(hours=1)


def alarm(minutes_ago: float) -> Alarm:
    return Alarm(f"a{minutes_ago}", NOW - timedelta(minutes=minutes_ago), None)


def costs(expected: float = 60, spent: float = 0, daily: float = 7_200) -> Costs:
    return Costs(expected, spent, daily)


def over(*minutes_ago: float, corrected: float | None = None) -> bool:
    last = None if corrected is None else NOW - timedelta(minutes=corrected)
    return burst_is_over(
        [alarm(m) for m in minutes_ago], NOW, quiet=QUIET, longest=LONGEST, last_example=last
    )


def test_a_burst_of_alarms_is_waited_out_but_not_for_ever() -> None:
    assert not over()
    assert not over(1)
    assert not over(20, 10, 4)
    assert over(20, 10, 5)
    assert over(61, 30, 1)


def test_people_who_are_correcting_are_waited_for_but_not_for_ever() -> None:
    assert not over(20, 10, corrected=1)
    assert over(20, 10, corrected=5)
    assert over(61, corrected=1)


def test_new_examples_or_a_large_change_are_worth_a_training() -> None:
    assert weigh(new_examples=50, known_examples=1_000, effect=None, costs=costs(), min_gain=0.02).train
    assert weigh(new_examples=0, known_examples=1_000, effect=-0.3, costs=costs(), min_gain=0.02).train


def test_little_news_or_a_small_change_are_not() -> None:
    few = weigh(new_examples=2, known_examples=1_000, effect=None, costs=costs(), min_gain=0.02)
    assert not few.train
    assert "2 new examples beside 1000" in few.reason
    assert not weigh(new_examples=0, known_examples=0, effect=0.01, costs=costs(), min_gain=0.02).train


def test_an_expensive_training_needs_more_gain_and_none_exceeds_the_days_budget() -> None:
    def verdict(spent: float) -> bool:
        return weigh(
            new_examples=30, known_examples=1_000, effect=None, costs=costs(spent=spent), min_gain=0.02
        ).train

    assert verdict(0)
    assert not verdict(5_000)
    full = weigh(new_examples=900, known_examples=1, effect=1, costs=costs(spent=7_190), min_gain=0.02)
    assert not full.train
    assert "budget" in full.reason


def test_a_schedule_is_due_once_after_each_of_its_times() -> None:
    hourly = "0 * * * *"
    assert due(hourly, NOW - timedelta(minutes=30), NOW) == NOW
    assert due(hourly, NOW, NOW + timedelta(minutes=59)) is None
    assert due(hourly, NOW - timedelta(hours=10), NOW + timedelta(minutes=1)) == NOW


def test_a_schedule_is_checked() -> None:
    assert valid_schedule("0 3 * * 0")
    assert not valid_schedule("every sunday")
