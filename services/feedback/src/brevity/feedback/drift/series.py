"""Where each test stood over time: one point an hour for each family and group, as far as it tested anything then."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

_OPEN = 24
"""Hours of one test that may still grow."""


class Test(NamedTuple):
    """Family, tenant and language; the last two empty for all documents together."""

    family: str
    tenant: str
    language: str


class PointKey(NamedTuple):
    """A test and the hour, by its beginning."""

    family: str
    tenant: str
    language: str
    hour: datetime


@dataclass
class Peak:
    """One hour of one test.

    Attributes:
        count: Observations tested.
        evidence: The highest that the test stood, as a share of its threshold: 1 is an alarm.
        statistic: The statistic that contributed most then.
        effect: Its rank-biserial change then, in [-1, 1], positive for a rise.
    """

    count: int
    evidence: float
    statistic: str
    effect: float


class Series:
    """The points that may still grow: the hours that each test met last, since partitions are not read in one order."""

    def __init__(self) -> None:
        self._tests: dict[Test, OrderedDict[datetime, Peak]] = {}
        self._changed: set[PointKey] = set()

    def note(self, test: Test, at: datetime, evidence: float, statistic: str, effect: float) -> None:
        """A test stood at `evidence` after an observation of `at`."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        hours = self._tests.setdefault(test, OrderedDict())
        point = hours.setdefault(hour, Peak(0, -1.0, statistic, effect))
        point.count += 1
        if evidence > point.evidence:
            point.evidence, point.statistic, point.effect = evidence, statistic, effect
        hours.move_to_end(hour)
        self._changed.add(PointKey(*test, hour))

    def changed(self) -> dict[PointKey, Peak]:
        """The points that have grown since they were last kept."""
        return {key: self._tests[Test(*key[:3])][key.hour] for key in sorted(self._changed)}

    def kept(self) -> None:
        """Call once what has changed is kept elsewhere: what cannot be expected to grow is let go."""
        self._changed.clear()
        for hours in self._tests.values():
            while len(hours) > _OPEN:
                hours.popitem(last=False)

    def forget(self, tests: Collection[Test]) -> None:
        """Let go of tests that are watched no more."""
        for test in tests:
            self._tests.pop(test, None)
        self._changed = {key for key in self._changed if Test(*key[:3]) in self._tests}

    def state(self) -> list[Any]:
        return [
            [*test, hour.isoformat(), asdict(point)]
            for test, hours in self._tests.items()
            for hour, point in hours.items()
        ]

    @classmethod
    def restore(cls, state: Iterable[Any]) -> Series:
        """All count as changed: they may not have been kept."""
        series = cls()
        for family, tenant, language, at, point in state:
            test, hour = Test(family, tenant, language), datetime.fromisoformat(at)
            series._tests.setdefault(test, OrderedDict())[hour] = Peak(**point)
            series._changed.add(PointKey(*test, hour))
        return series
