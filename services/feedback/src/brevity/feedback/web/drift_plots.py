"""Where each drift test stood over a period, drawn against its threshold, with the alarms marked. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from brevity.common.events import DriftDetected
from brevity.feedback.mongo.drift_series import DriftPoint
from brevity.feedback.web.charts import Dot, Plot, Point, level_plot

FAMILIES = {
    "input": ("Documents", "words, lengths, digits, languages and how usual the words are"),
    "summary": ("Summaries", "warnings, and length against the length wanted"),
    "rating": ("Ratings", "thumbs up and down"),
    "edit": ("Corrections", "the share of words that reviewers change"),
}
NAMES = {
    "words": "document length",
    "sentence_words": "sentence length",
    "word_length": "word length",
    "digits": "digits",
    "capitals": "capitals",
    "type_token": "distinct words",
    "word_surprise": "unusual words",
    "language": "language mix",
    "warnings": "warnings",
    "length_ratio": "length against wish",
    "rating": "ratings",
    "edit_distance": "words changed",
}
_SLOTS = 120
_ROWS = 40


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time in which a test took place."""

    label: str
    evidence: float
    count: int
    statistic: str
    effect: float


@dataclass(frozen=True, slots=True)
class Level:
    """One family's plot with its words and, newest first, the rows of the table beside it."""

    title: str
    explained: str
    words: str
    drawing: Plot
    rows: tuple[Slot, ...]


def levels(
    points: Sequence[DriftPoint], alarms: Sequence[DriftDetected], first: datetime, last: datetime
) -> list[Level]:
    """A plot for each family that was tested between `first` and `last`, or raised an alarm then."""
    width = max(timedelta(hours=1), (last - first) / _SLOTS)
    count = max(1, -(-(last - first) // width))

    def place(at: datetime) -> float:
        """In slots; an event from a clock ahead of ours counts as now."""
        return min(count - 0.01, max(0.0, (at - first) / width))

    def label(slot: int) -> str:
        at = first + slot * width
        return f"{at.day} {at:%b}" if width >= timedelta(days=1) else f"{at.day} {at:%b}, {at:%H:%M}"

    found: list[Level] = []
    for family, (title, explained) in FAMILIES.items():
        slots: dict[int, list[DriftPoint]] = {}
        for point in points:
            if point.family == family:
                slots.setdefault(int(place(point.hour)), []).append(point)
        raised = [alarm for alarm in alarms if family_of(alarm.monitor) == family]
        if not slots and not raised:
            continue
        shown = {slot: _slot(label(slot), members) for slot, members in sorted(slots.items())}
        drawn = [Point(label(n), shown[n].evidence if n in shown else None) for n in range(count)]
        marks = [
            Dot(place(alarm.detected_at), 0, f"{alarm.monitor}, {alarm.detected_at:%Y-%m-%d %H:%M}")
            for alarm in raised
        ]
        found.append(
            Level(
                title,
                f"Tested on {explained}.",
                _words(title, list(shown.values()), len(raised)),
                level_plot(drawn, marks),
                tuple(reversed(list(shown.values())[-_ROWS:])),
            )
        )
    return found


def family_of(monitor: str) -> str:
    """The family of a monitor such as `quality.edit_distance`."""
    kind, _, statistic = monitor.partition(".")
    if kind == "input":
        return "input"
    return {"rating": "rating", "edit_distance": "edit"}.get(statistic, "summary")


def _slot(label: str, members: Sequence[DriftPoint]) -> Slot:
    peak = max(members, key=lambda point: point.evidence)
    name = NAMES.get(peak.statistic, peak.statistic)
    return Slot(label, peak.evidence, sum(point.count for point in members), name, peak.effect)


def _words(title: str, slots: Sequence[Slot], alarms: int) -> str:
    """The plot in a sentence, for those who do not see it."""
    raised = "no alarm" if not alarms else "1 alarm" if alarms == 1 else f"{alarms} alarms"
    if not slots:
        return f"{title}: {raised}, nothing else tested in this period."
    most = max(slots, key=lambda slot: slot.evidence)
    return (
        f"{title}: {raised}; the test stood highest at {most.evidence * 100:.3g} % of its threshold ({most.label}), "
        f"last at {slots[-1].evidence * 100:.3g} %."
    )
