"""Geometry of the quality page's plots: values in, places in a drawing of WIDTH by HEIGHT units out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

WIDTH, HEIGHT = 420.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 10.0, 24.0
"""Room for the axis labels."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value over time with its uncertainty; None where there was nothing to take it from."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing; `line` and `bands` are SVG paths."""

    ticks: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    line: str = ""
    bands: tuple[str, ...] = ()
    dots: tuple[Dot, ...] = ()
    bars: tuple[Bar, ...] = ()
    threshold: float | None = None
    """Where the line of an alarm lies."""
    marks: tuple[Dot, ...] = ()
    """Alarms, on that line."""


def share_plot(points: Sequence[Point]) -> Plot:
    """Shares from 0 to 1 over time, with the band between `low` and `high`; a gap where there is no value."""
    top = _share_top([point.high if point.high is not None else point.value for point in points])
    places = [
        (_x(index, len(points)), point) for index, point in enumerate(points) if point.value is not None
    ]
    runs = _runs(points)
    line = "".join(
        f"{'M' if at == 0 else 'L'}{_x(index, len(points)):.1f} {_y(points[index].value or 0, top):.1f}"
        for run in runs
        for at, index in enumerate(run)
    )
    return Plot(
        ticks=tuple(
            Tick(_y(top * step / 4, top), f"{top * step / 4 * 100:.3g} %") for step in (0, 1, 2, 3, 4)
        ),
        dates=_dates([point.label for point in points]),
        line=line,
        bands=tuple(_band(run, points, top) for run in runs),
        dots=tuple(
            Dot(
                x,
                _y(point.value or 0, top),
                f"{point.label}: {(point.value or 0) * 100:.0f} % of {point.count}",
            )
            for x, point in places
        ),
    )


def count_plot(points: Sequence[Point]) -> Plot:
    """Counts as bars over time."""
    top = _count_top(max((point.value or 0 for point in points), default=0))
    width = (WIDTH - LEFT - RIGHT) / max(1, len(points))
    bars = tuple(
        Bar(
            LEFT + index * width + width * 0.1,
            _y(point.value or 0, top),
            width * 0.8,
            HEIGHT - BOTTOM - _y(point.value or 0, top),
            f"{point.label}: {point.value or 0:,.0f}",
        )
        for index, point in enumerate(points)
    )
    steps = 4 if top >= 4 else int(top)
    return Plot(
        ticks=tuple(
            Tick(_y(top * step / steps, top), f"{top * step / steps:,.0f}") for step in range(steps + 1)
        ),
        dates=_dates([point.label for point in points]),
        bars=bars,
    )


_LOWEST, _HIGHEST = -4.0, 1.0
"""Powers of ten between which evidence is drawn; what is beyond lies on the edge."""


def level_plot(points: Sequence[Point], alarms: Sequence[Dot]) -> Plot:
    """Evidence as a share of its threshold, on a logarithmic scale; `alarms` by their place in points, not in units."""
    top = _HIGHEST - _LOWEST

    def y(value: float) -> float:
        power = log10(value) if value > 0 else _LOWEST
        return _y(min(_HIGHEST, max(_LOWEST, power)) - _LOWEST, top)

    runs = _runs(points)
    line = "".join(
        f"{'M' if at == 0 else 'L'}{_x(index, len(points)):.1f} {y(points[index].value or 0):.1f}"
        for run in runs
        for at, index in enumerate(run)
    )
    alone = [run[0] for run in runs if len(run) == 1]  # no line shows these
    return Plot(
        ticks=tuple(Tick(y(10.0**power), f"{10.0 ** (power + 2):g} %") for power in (-4, -2, 0, 1)),
        dates=_dates([point.label.split(",")[0] for point in points]),
        line=line,
        dots=tuple(Dot(_x(n, len(points)), y(points[n].value or 0), points[n].label) for n in alone),
        threshold=y(1.0),
        marks=tuple(Dot(_x(alarm.x - 0.5, len(points)), y(1.0), alarm.label) for alarm in alarms),
    )


def _runs(points: Sequence[Point]) -> list[list[int]]:
    """Neighbouring places that have a value, joined by a line."""
    runs: list[list[int]] = []
    for index, point in enumerate(points):
        if point.value is None:
            continue
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _band(run: Sequence[int], points: Sequence[Point], top: float) -> str:
    """The outline of the interval; a lone point has one of three units' width."""
    edge = 1.5 if len(run) == 1 else 0.0
    upper = [(_x(index, len(points)), points[index].high) for index in run]
    lower = [(_x(index, len(points)), points[index].low) for index in reversed(run)]
    if edge:
        upper = [(upper[0][0] - edge, upper[0][1]), (upper[0][0] + edge, upper[0][1])]
        lower = [(lower[0][0] + edge, lower[0][1]), (lower[0][0] - edge, lower[0][1])]
    outline = [(x, _y(value, top)) for x, value in (*upper, *lower) if value is not None]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in outline) + "Z" if outline else ""


def _x(index: float, count: int) -> float:
    """The middle of the place of the item with this index."""
    return LEFT + (index + 0.5) * (WIDTH - LEFT - RIGHT) / max(1, count)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _share_top(values: Sequence[float | None]) -> float:
    """A round share above all values: small ones are not to lie flat on the axis."""
    most = max((value for value in values if value is not None), default=1.0)
    return next((top for top in (0.04, 0.1, 0.2, 0.4) if most <= top), 1.0)


def _count_top(most: float) -> float:
    """A round number above `most` that four parts divide well."""
    if most <= 4:
        return max(1.0, float(ceil(most)))
    step = 10 ** floor(log10(most / 4))
    return next(
        4.0 * factor * step
        for factor in (1, 2, 2.5, 3, 4, 5, 10)
        if 4 * factor * step >= most and factor * step >= 1
    )


def _dates(labels: Sequence[str]) -> tuple[Tick, ...]:
    """At most five labels, the first and the last among them."""
    if not labels:
        return ()
    last = len(labels) - 1
    shown = sorted({round(last * part / 4) for part in range(5)}) if last else [0]
    return tuple(Tick(_x(index, len(labels)), labels[index]) for index in shown)
