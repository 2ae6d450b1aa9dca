"""The drawings that a run keeps, as SVG: how it learned, and how it compares with the champion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, sqrt
from statistics import fmean, stdev

from brevity.trainer.gate.decide import Group
from brevity.trainer.gate.scores import Pair, Score
from brevity.trainer.tracking import svg
from brevity.trainer.tracking.svg import INK, OURS, THEIRS

_WIDTH = 760
_ROW = 44
_LINES = (OURS, THEIRS, "#6a4c93", "#14652f", "#8a6d00", "#444444")
_ROUGE: tuple[tuple[str, Callable[[Score], float]], ...] = (
    ("ROUGE-1", lambda score: score.rouge1),
    ("ROUGE-2", lambda score: score.rouge2),
    ("ROUGE-L", lambda score: score.rouge_l),
)
_BINS = 25
_LONGEST = 2.5


def learning_curve(series: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Each metric against its step; those of no finite value are left out."""
    shown = {
        name: [(step, value) for step, value in points if isfinite(value)] for name, points in series.items()
    }
    shown = {name: points for name, points in shown.items() if points}
    height, left, right, top, bottom = 360, 70, _WIDTH - 24, 60, 310
    steps = [step for points in shown.values() for step, _ in points]
    values = [value for points in shown.values() for _, value in points]
    x, y = svg.scale(steps, left, right), svg.scale(values, bottom, top)
    parts = svg.upward(y, left, right)
    parts += [svg.text(x(tick), bottom + 18, f"{tick:g}", anchor="middle") for tick in x.ticks()]
    parts.append(svg.text((left + right) / 2, bottom + 38, "step", anchor="middle"))
    along = left
    for number, (name, points) in enumerate(shown.items()):
        colour = _LINES[number % len(_LINES)]
        parts.append(svg.path([(x(step), y(value)) for step, value in points], colour))
        last = f"{name}: {points[-1][1]:.4g}"
        parts += [svg.bar(along, 38, 14, 4, colour), svg.text(along + 20, 44, last, colour=INK)]
        along += 34 + 7 * len(last)
    return svg.document(_WIDTH, height, "Learning curve", parts)


def rouge_by_set(pairs: Sequence[Pair]) -> str:
    """Mean ROUGE-1, -2 and -L of both models in each set, with 95 % intervals over its documents."""
    rows = [
        (name, measure, [of(p.candidate) for p in members], [of(p.champion) for p in members])
        for name in sorted({pair.set for pair in pairs})
        for members in [[pair for pair in pairs if pair.set == name]]
        for measure, of in _ROUGE
    ]
    left, right, top = 230, _WIDTH - 40, 64
    bottom = top + _ROW * len(rows)
    ends = [end for *_, ours, theirs in rows for values in (ours, theirs) for end in _interval(values)]
    x = svg.scale(ends, left, right, zero=True)
    parts = [*svg.across(x, top, bottom), *_legend(left)]
    for number, (name, measure, ours, theirs) in enumerate(rows):
        middle = top + _ROW * (number + 0.5)
        if number % len(_ROUGE) == 0:
            parts.append(svg.line(16, top + _ROW * number, right, top + _ROW * number))
            parts.append(svg.text(16, middle + 4, _cut(name, 20), colour=INK))
            parts.append(svg.text(16, middle + 20, f"{len(ours)} documents"))
        parts.append(svg.text(left - 12, middle + 4, measure, anchor="end"))
        parts += _whisker(x, middle - 7, ours, OURS, square=False)
        parts += _whisker(x, middle + 7, theirs, THEIRS, square=True)
    title = "ROUGE by set, mean with 95 % interval"
    return svg.document(_WIDTH, bottom + 40, title, parts)


def gains(groups: Sequence[Group]) -> str:
    """How ROUGE-2 moved in each group, with the bounds that the gate judges by."""
    left, right, top = 230, _WIDTH - 40, 64
    known = [group for group in groups if isfinite(group.gain.low) and isfinite(group.gain.high)]
    bottom = top + 30 * max(1, len(known))
    x = svg.scale([end for g in known for end in (g.gain.low, g.gain.high)], left, right, zero=True)
    parts = [*svg.across(x, top, bottom), svg.line(x(0), top, x(0), bottom, INK, 1.5)]
    parts.append(svg.text(16, 44, "candidate less champion; to the right of 0 the candidate is better"))
    for number, group in enumerate(known):
        y = top + 30 * (number + 0.5)
        said = f"{group.kind} {group.name} ({group.gain.documents})"
        parts.append(svg.text(left - 12, y + 4, _cut(said, 32), anchor="end", colour=INK))
        parts.append(svg.line(x(group.gain.low), y, x(group.gain.high), y, OURS, 3))
        parts.append(svg.dot(x(group.gain.mean), y, OURS))
    return svg.document(_WIDTH, bottom + 40, "Gain in ROUGE-2 by group, with the gate's bounds", parts)


def lengths(pairs: Sequence[Pair]) -> str:
    """How many documents got summaries of which length, in words for each word of the reference."""
    height, left, right, top, bottom = 360, 60, _WIDTH - 24, 64, 304
    ours = _counts([pair.candidate.length for pair in pairs])
    theirs = _counts([pair.champion.length for pair in pairs])
    x = svg.Scale(0, _LONGEST, left, right)
    y = svg.scale([*ours, *theirs], bottom, top, zero=True)
    width = (right - left) / _BINS
    parts = [*svg.upward(y, left, right), *_legend(left)]
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        begin = left + number * width
        parts.append(svg.bar(begin + 2, y(one), width / 2 - 2, bottom - y(one), OURS))
        parts.append(svg.bar(begin + width / 2, y(other), width / 2 - 2, bottom - y(other), THEIRS))
    for tick in x.ticks():
        last = tick == _LONGEST
        said = f"{tick:g} or more" if last else f"{tick:g}"
        parts.append(svg.text(x(tick), bottom + 18, said, anchor="end" if last else "middle"))
    parts.append(
        svg.text((left + right) / 2, bottom + 40, "words for each word of the reference", anchor="middle")
    )
    return svg.document(_WIDTH, height, "Length of the summaries, in documents", parts)


def _counts(values: Sequence[float]) -> list[int]:
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int(value / _LONGEST * _BINS))] += 1
    return counts


def _legend(left: float) -> list[str]:
    return [
        svg.dot(left + 6, 44, OURS),
        svg.text(left + 18, 48, "candidate", colour=INK),
        svg.dot(left + 106, 44, THEIRS, square=True),
        svg.text(left + 118, 48, "champion", colour=INK),
    ]


def _whisker(x: svg.Scale, y: float, values: Sequence[float], colour: str, *, square: bool) -> list[str]:
    low, high = _interval(values)
    return [svg.line(x(low), y, x(high), y, colour, 2), svg.dot(x(fmean(values)), y, colour, square=square)]


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % of a mean, by its standard error; the mean itself of one value."""
    middle = fmean(values)
    half = 1.96 * stdev(values) / sqrt(len(values)) if len(values) > 1 else 0.0
    return middle - half, middle + half


def _cut(said: str, most: int) -> str:
    return said if len(said) <= most else said[: most - 1] + "…"
