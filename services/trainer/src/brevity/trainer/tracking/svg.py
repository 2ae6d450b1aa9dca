"""Just enough SVG for plots that stand alone as files: scales with round ticks, and shapes as text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

INK, SOFT, GRID, PAPER = "#1c2024", "#565d66", "#dedbd2", "#ffffff"
OURS, THEIRS = "#0b5c6b", "#a63d00"
"""Candidate and champion: apart for every kind of colour vision, and in grey."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` onto places from `begin` to `end`, in units of the drawing."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Round values, about five."""
        step = _step(self.high - self.low)
        first = ceil(self.low / step - 1e-9)
        return [n * step for n in range(first, floor(self.high / step + 1e-9) + 1)]


def scale(values: Iterable[float], begin: float, end: float, *, zero: bool = False) -> Scale:
    """A scale that holds all values, from and to a round one.

    Args:
        zero: It holds 0 too.
    """
    held = [*values, *([0.0] if zero else [])]
    low, high = min(held), max(held)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    step = _step(high - low)
    return Scale(floor(low / step) * step, ceil(high / step) * step, begin, end)


def _step(span: float) -> float:
    unit = 10.0 ** floor(log10(span / 5))
    return next(factor * unit for factor in (1, 2, 2.5, 5, 10) if span / (factor * unit) <= 6)


def document(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """A whole file. `title` is what those hear who do not see it, and stands above the drawing."""
    said = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{said}" font-family="system-ui, sans-serif" font-size="12">'
        f'<title>{said}</title><rect width="{width}" height="{height}" fill="{PAPER}"/>'
        f'<text x="16" y="24" font-size="14" font-weight="600" fill="{INK}">{said}</text>{"".join(parts)}</svg>\n'
    )


def text(x: float, y: float, said: str, *, anchor: str = "start", colour: str = SOFT) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(said)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID, width: float = 1.0) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        f' stroke-width="{width:g}"/>'
    )


def path(points: Sequence[tuple[float, float]], colour: str) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>'


def dot(x: float, y: float, colour: str, *, square: bool = False) -> str:
    """Round or square, so that two kinds differ by shape too."""
    if square:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'


def bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        f' fill="{colour}"/>'
    )


def across(places: Scale, top: float, bottom: float) -> list[str]:
    """A value axis from left to right: lines with their values below."""
    return [
        part
        for tick in places.ticks()
        for part in (
            line(places(tick), top, places(tick), bottom),
            text(places(tick), bottom + 16, f"{tick:g}", anchor="middle"),
        )
    ]


def upward(places: Scale, left: float, right: float) -> list[str]:
    """A value axis from bottom to top: lines with their values on the left."""
    return [
        part
        for tick in places.ticks()
        for part in (
            line(left, places(tick), right, places(tick)),
            text(left - 8, places(tick) + 4, f"{tick:g}", anchor="end"),
        )
    ]
