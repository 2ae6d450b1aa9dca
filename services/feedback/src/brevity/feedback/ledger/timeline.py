"""Who was in production from when to when, from the ledger; and where that lies in a drawing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from brevity.feedback.ledger.entries import Entry

WIDTH = 1000.0
"""Units of the drawing from its first instant to now."""
_NARROWEST = 3.0


@dataclass(frozen=True, slots=True)
class Reign:
    """A promotion and the time in which it was being served; `until` is None while it is.

    Attributes:
        entry: The promotion.
        since: When the first process served it.
    """

    entry: Entry
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A reign in the drawing."""

    reign: Reign
    x: float
    width: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


def reigns(entries: Iterable[Entry], engine: str) -> list[Reign]:
    """Who was in production when, oldest first: the latest promotion that a process had taken up, at each instant.

    A promotion that was taken up only after a later one had been, never was.
    """
    served = sorted(
        (
            (entry.in_service_at, entry)
            for entry in entries
            if entry.engine == engine and entry.in_service_at is not None
        ),
        key=lambda pair: (pair[0], pair[1].promoted_at),
    )
    kept: list[tuple[datetime, Entry]] = []
    for since, entry in served:
        if not kept or entry.promoted_at >= kept[-1][1].promoted_at:
            kept.append((since, entry))
    ends: list[datetime | None] = [*(since for since, _ in kept[1:]), None]
    return [
        Reign(entry, since, until)
        for (since, entry), until in zip(kept, ends, strict=False)
        if until is None or until > since
    ]


def timeline(found: Sequence[Reign], now: datetime) -> Timeline:
    """Reigns to scale, up to `now`; one too short to be seen is drawn wider than it was."""
    if not found:
        return Timeline((), ())
    first = found[0].since
    last = max(now, found[-1].since + timedelta(seconds=1))
    span = (last - first).total_seconds()

    def x(at: datetime) -> float:
        return WIDTH * (at - first).total_seconds() / span

    bars = tuple(
        Bar(
            reign,
            min(x(reign.since), WIDTH - _NARROWEST),
            max(_NARROWEST, x(reign.until or last) - x(reign.since)),
            reign.entry.version
            if x(reign.until or last) - x(reign.since) > 12 + 12 * len(reign.entry.version)
            else "",
        )
        for reign in found
    )
    form = (
        "%H:%M:%S"
        if span < 600
        else "%H:%M"
        if span < 86_400
        else "%d %b %H:%M"
        if span < 864_000
        else "%d %b %Y"
    )
    marks = tuple(
        Mark(WIDTH * part / 3, f"{first + timedelta(seconds=span * part / 3):{form}}") for part in range(4)
    )
    return Timeline(bars, marks)


def engines(entries: Iterable[Entry]) -> list[str]:
    return sorted({entry.engine for entry in entries})
