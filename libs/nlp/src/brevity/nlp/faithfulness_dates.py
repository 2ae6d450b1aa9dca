"""Dates of a text, so that 3 May 2024, May 3, 2024, 3. mai 2024 and 2024-05-03 are the same day."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS = {
    "en": "january february march april may june july august september october november december",
    "en short": "jan feb mar apr may jun jul aug sep oct nov dec",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_MONTH = {name: i for names in _MONTHS.values() for i, name in enumerate(names.split(), start=1)} | {
    "sept": 9
}
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
_YEAR = r"(?P<year>\d{4})"
_FLAGS = re.IGNORECASE
_FORMS = (
    re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?!\d)"),
    re.compile(r"(?<![\d.])(?P<a>\d{1,2})(?P<sep>[./])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})(?!\d)"),
    re.compile(
        rf"(?<!\d){_DAY}\s+(?:of\s+|de\s+)?(?P<name>{_NAMES})\b\.?(?:,?\s+(?:de\s+|del\s+)?{_YEAR}(?!\d))?",
        _FLAGS,
    ),
    re.compile(
        rf"\b(?P<name>{_NAMES})\b\.?\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+{_YEAR}(?!\d))?",
        _FLAGS,
    ),
    re.compile(rf"\b(?P<name>{_NAMES})\b\.?,?\s+(?:of\s+|de\s+)?{_YEAR}(?!\d)", _FLAGS),
)
_MENTION = re.compile(rf"\b(?:{_NAMES})\b", _FLAGS)
_DIGITS = re.compile(r"\d+")
# "3-5 May", "May 3, 5 and 12": the numbers this near to a month's name may be its days.
_NEAR_CHARACTERS = 16
# English words that are months only when capitalised, in a summary at least.
_ALSO_WORDS = frozenset({"may", "march", "mar", "dec", "jan"})


class Date(NamedTuple):
    """A date at [start, end); `days` are the (month, day) pairs it may stand for, day None for a whole month."""

    start: int
    end: int
    year: int | None
    days: tuple[tuple[int, int | None], ...]


def find_dates(text: str) -> list[Date]:
    """Every date of `text` that names a month and a day or a year; earlier forms win over later ones."""
    found: list[Date] = []
    for form in _FORMS:
        for match in form.finditer(text):
            date = _read(match)
            if date and not any(date.start < other.end and other.start < date.end for other in found):
                found.append(date)
    return sorted(found)


class SourceDates:
    """The dates a source holds."""

    def __init__(self, source: str) -> None:
        self._years: dict[tuple[int, int], set[int | None]] = defaultdict(set)
        self._months: set[tuple[int, int | None]] = set()
        for pattern_date in _find_all(source):
            for month, day in pattern_date.days:
                self._months.add((month, pattern_date.year))
                if day is not None:
                    self._years[month, day].add(pattern_date.year)
        self._near: dict[int, set[int]] = defaultdict(set)
        for mention in _MENTION.finditer(source):
            window = source[max(0, mention.start() - _NEAR_CHARACTERS) : mention.end() + _NEAR_CHARACTERS]
            month = _MONTH[mention.group().casefold()]
            self._near[month].update(int(d) for d in _DIGITS.findall(window) if len(d) <= 4)
        self._all_years = {int(d) for d in _DIGITS.findall(source) if len(d) == 4}

    def support(self, date: Date) -> bool:
        """Whether any reading of `date` agrees with the source."""
        return any(self._agrees(month, day, date.year) for month, day in date.days)

    def _agrees(self, month: int, day: int | None, year: int | None) -> bool:
        if day is None:
            return (month, year) in self._months or year in self._near[month]
        years = self._years.get((month, day))
        if years is None:
            return day in self._near[month] and (year is None or year in self._all_years)
        if year is None or year in years:
            return True
        # The source gives the day without a year here and the year elsewhere.
        return None in years and year in self._all_years


def _find_all(source: str) -> Iterator[Date]:
    """Like find_dates in a source of any size: overlapping readings are all kept, in linear time."""
    for form in _FORMS:
        for match in form.finditer(source):
            date = _read(match, strict=False)
            if date:
                yield date


def _read(match: re.Match[str], *, strict: bool = True) -> Date | None:
    groups = match.groupdict()
    year = int(groups["year"]) if groups.get("year") else None
    if groups.get("a"):
        a, b = int(groups["a"]), int(groups["b"])
        # Day first or month first: the text does not say.
        days = tuple((m, d) for d, m in dict.fromkeys(((a, b), (b, a))) if 1 <= m <= 12 and 1 <= d <= 31)
        return Date(match.start(), match.end(), year, days) if days else None
    name = groups.get("name")
    if name and strict and name in _ALSO_WORDS:
        return None
    month = _MONTH[name.casefold()] if name else int(groups["month"])
    day = int(groups["day"]) if groups.get("day") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return Date(match.start(), match.end(), year, ((month, day),))
