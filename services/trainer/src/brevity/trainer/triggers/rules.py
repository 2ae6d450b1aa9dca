"""When to train by itself: pure rules over what has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from croniter import croniter

SECONDS_GUESSED = 60.0
"""What a training is taken to cost before one has been measured."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A drift alarm not acted upon: its id, when it was raised, and how large the change is (0 to 1, None unknown)."""

    drift_id: str
    at: datetime
    effect: float | None


def burst_is_over(
    alarms: Sequence[Alarm],
    now: datetime,
    *,
    quiet: timedelta,
    longest: timedelta,
    last_example: datetime | None = None,
) -> bool:
    """Whether alarms and what they made reviewers correct have been silent for `quiet`, or the first alarm has waited
    for `longest`.

    Args:
        last_example: When the latest correction or choice was recorded, if it was after the first alarm: a model learns
            from those, and somebody who is at it is waited for.
    """
    if not alarms:
        return False
    times = [alarm.at for alarm in alarms]
    latest = max([*times, last_example] if last_example is not None else times)
    return now - latest >= quiet or now - min(times) >= longest


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known about the cost of training a model.

    Attributes:
        expected_seconds: A training's time, by those before it.
        spent_seconds: What automatic trainings took in the last 24 hours.
        daily_seconds: What they may take.
    """

    expected_seconds: float
    spent_seconds: float
    daily_seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to train, and the sentence that says why."""

    train: bool
    reason: str


def weigh(
    *, new_examples: int, known_examples: int, effect: float | None, costs: Costs, min_gain: float
) -> Verdict:
    """The cost rule.

    The expected gain is the share of examples that are new, or half the measured change of input or quality if that is
    more: a model that has never seen the new kind of documents may win back part of what was lost. It is held against
    `min_gain`, which rises with the share of the day's budget that would then be spent: cheap trainings start on
    little, the last one of the day needs twice the gain.
    """
    novelty = new_examples / (new_examples + known_examples) if new_examples else 0.0
    gain = max(novelty, min(1.0, abs(effect or 0.0)) / 2)
    spent = (costs.spent_seconds + costs.expected_seconds) / costs.daily_seconds
    facts = (
        f"expected gain {gain:.3f} ({new_examples} new examples beside {known_examples}"
        + (f", change {effect:+.3f}" if effect is not None else "")
        + f"), expected time {costs.expected_seconds:.0f} s, {spent:.0%} of the day's budget with it"
    )
    if spent > 1:
        return Verdict(False, f"declined, the day's budget does not hold it: {facts}")
    needed = min_gain * (1 + spent)
    if gain < needed:
        return Verdict(False, f"declined, needs a gain of {needed:.3f}: {facts}")
    return Verdict(True, f"worth it: {facts}")


def due(schedule: str, last: datetime, now: datetime) -> datetime | None:
    """The latest time by cron expression `schedule` that lies after `last` and not after `now`; None without one."""
    latest = croniter(schedule, now + timedelta(seconds=1)).get_prev(datetime)
    return latest if last < latest <= now else None


def valid_schedule(schedule: str) -> bool:
    return bool(croniter.is_valid(schedule))
