"""The reading order of a page: bands from top to bottom, columns within them, tables told from columns.

A band holds what stands side by side. Bands below each other between which one gutter runs through are columns together;
so text that a producer draws across both columns is read down one and then down the other.
"""

from __future__ import annotations

import bisect
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from brevity.documents.formats.pdf.lines import Segment

_GUTTER = 0.75
"""In ems: what a gap between columns takes at least."""
_SHORT = 24
"""Characters: most text of a table stands in shorter cells, most text of a column in longer lines."""
_DEEPEST = 12
_ENDLESS = 1e9

Gap = tuple[float, float]


@dataclass(slots=True)
class Flow:
    """Lines below each other, each of one or more segments."""

    lines: list[list[Segment]]


@dataclass(slots=True)
class Grid:
    """A table: rows of cells."""

    rows: list[list[str]]
    segments: list[Segment]


def arrange(segments: Sequence[Segment], *, rtl: bool = False, depth: int = 0) -> list[Flow | Grid]:
    """Segments of a page, or of a part of it, in reading order; columns from the right where `rtl`."""
    if not segments:
        return []
    found: list[Flow | Grid] = []
    size = statistics.median(segment.size for segment in segments)
    loose: list[list[Segment]] = []
    for group, gutters in _groups(_bands(segments), _GUTTER * size, rtl=rtl):
        if not gutters:
            loose += group
            continue
        parts = _side_by_side(group, gutters, rtl=rtl, depth=depth, whole=len(segments))
        if parts is None:
            loose += group
            continue
        if loose:
            found.append(Flow(_lines(loose, rtl=rtl)))
            loose = []
        found += parts
    if loose:
        found.append(Flow(_lines(loose, rtl=rtl)))
    return found


def _bands(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that overlap from top to bottom, directly or by others between them."""
    bands: list[list[Segment]] = []
    floor = 0.0
    for segment in sorted(segments, key=lambda each: (-each.base - 0.62 * each.size, each.left)):
        top, bottom = segment.base + 0.62 * segment.size, segment.base - 0.08 * segment.size
        if bands and top > floor:
            bands[-1].append(segment)
            floor = min(floor, bottom)
        else:
            bands.append([segment])
            floor = bottom
    return bands


def _free(band: Sequence[Segment]) -> list[Gap]:
    """Where nothing of a band stands, from left to right."""
    gaps: list[Gap] = []
    end = -_ENDLESS
    for segment in sorted(band, key=lambda each: each.left):
        if segment.left > end:
            gaps.append((end, segment.left))
        end = max(end, segment.right)
    gaps.append((end, _ENDLESS))
    return gaps


def _common(gaps: Sequence[Gap], others: Sequence[Gap], least: float) -> list[Gap]:
    common: list[Gap] = []
    at = other = 0
    while at < len(gaps) and other < len(others):
        low, high = max(gaps[at][0], others[other][0]), min(gaps[at][1], others[other][1])
        if high - low >= least:
            common.append((low, high))
        if gaps[at][1] < others[other][1]:
            at += 1
        else:
            other += 1
    return common


def _groups(
    bands: Sequence[list[Segment]], least: float, *, rtl: bool
) -> list[tuple[list[list[Segment]], list[Gap]]]:
    """Bands that share gutters, with these; and bands without any, one by one."""
    groups: list[tuple[list[list[Segment]], list[Gap]]] = []
    at = 0
    while at < len(bands):
        group, gutters = [bands[at]], _gutters_of(bands[at], least)
        end = at + 1
        if gutters:
            end, gutters = _extended(bands, at, gutters, least)
            group = list(bands[at:end])
            while groups and _is_of_later_column(groups[-1][0], gutters, rtl=rtl):
                group = groups.pop()[0] + group
        groups.append((group, gutters))
        at = end
    return groups


def _gutters_of(band: Sequence[Segment], least: float) -> list[Gap]:
    return [gap for gap in _inner(_free(band), *_extent(band)) if gap[1] - gap[0] >= least]


def _extended(
    bands: Sequence[list[Segment]], start: int, gutters: list[Gap], least: float
) -> tuple[int, list[Gap]]:
    """How far down from `start` at least one of its gutters goes, and which."""
    free = _free(bands[start])
    left, right = _extent(bands[start])
    end = start + 1
    while end < len(bands):
        low, high = _extent(bands[end])
        common = _common(free, _free(bands[end]), least)
        here = _inner(common, min(left, low), max(right, high))
        if not _kept(gutters, here):
            break
        free, gutters = common, here
        left, right = min(left, low), max(right, high)
        end += 1
    return end, gutters


def _is_of_later_column(group: Sequence[list[Segment]], gutters: Sequence[Gap], *, rtl: bool) -> bool:
    """Whether a band stands all in the column that is read last."""
    if len(group) != 1:
        return False
    low, high = _extent(group[0])
    return high <= gutters[0][0] + 1 if rtl else low >= gutters[-1][1] - 1


def _kept(gutters: Sequence[Gap], here: Sequence[Gap]) -> bool:
    return any(gap[0] >= low - 1 and gap[1] <= high + 1 for gap in here for low, high in gutters)


def _extent(band: Sequence[Segment]) -> Gap:
    return min(segment.left for segment in band), max(segment.right for segment in band)


def _inner(gaps: Sequence[Gap], left: float, right: float) -> list[Gap]:
    return [gap for gap in gaps if gap[0] >= left and gap[1] <= right]


def _side_by_side(
    group: list[list[Segment]], gutters: Sequence[Gap], *, rtl: bool, depth: int, whole: int
) -> list[Flow | Grid] | None:
    """A group as columns or as a table; None where it is lines with a wide gap in them."""
    columns = _split([segment for band in group for segment in band], gutters)
    filled = [column for column in columns if column]
    if len(filled) < 2:
        return None
    rows = [band for band in group if len(band) > 1]
    lengths = [_usual_length(column) for column in filled]
    wide = sum(length >= _SHORT for length in lengths)
    aligned = bool(rows) and sum(_on_one_line(band) for band in rows) >= 0.6 * len(rows)
    few = min(len(column) for column in filled) < 2 and len(group) < 3
    if few and not (aligned and wide == 0 and _far_apart(group[0])):
        return None
    if wide < 2 and aligned:
        most = max(range(len(filled)), key=lambda at: sum(len(segment.text) for segment in filled[at]))
        share = sum(len(s.text) for s in filled[most]) / sum(len(s.text) for c in filled for s in c)
        if wide == 0 or lengths[most] < 1.5 * _SHORT or share < 0.7:
            return [Grid(_rows(group, gutters, rtl=rtl), [segment for band in group for segment in band])]
        if most == len(filled) - 1 and _is_labels(filled[0], filled[-1]):
            return None
    parts: list[Flow | Grid] = []
    for column in reversed(filled) if rtl else filled:
        if depth >= _DEEPEST or len(column) == whole:
            parts.append(Flow(_lines([column], rtl=rtl)))
        else:
            parts += arrange(column, rtl=rtl, depth=depth + 1)
    return parts


def _usual_length(column: Sequence[Segment]) -> int:
    """How long the segment is in which the middle character of all stands."""
    lengths = sorted(len(segment.text) for segment in column)
    half, passed = sum(lengths) / 2, 0
    for length in lengths:
        passed += length
        if passed >= half:
            return length
    return 0


def _is_labels(narrow: Sequence[Segment], text: Sequence[Segment]) -> bool:
    """Whether the one column names what stands in the other, line for line."""
    bases = sorted(segment.base for segment in text)
    aligned = 0
    for segment in narrow:
        at = bisect.bisect(bases, segment.base)
        near = (abs(base - segment.base) for base in bases[max(0, at - 1) : at + 1])
        aligned += min(near) < 0.1 * segment.size
    return aligned > 0.9 * len(narrow)


def _far_apart(band: Sequence[Segment]) -> bool:
    ordered = sorted(band, key=lambda each: each.left)
    return any(b.left - a.right > 4 * a.size for a, b in itertools.pairwise(ordered))


def _on_one_line(band: Sequence[Segment]) -> bool:
    bases = [segment.base for segment in band]
    return max(bases) - min(bases) < 0.3 * band[0].size


def _split(segments: Sequence[Segment], gutters: Sequence[Gap]) -> list[list[Segment]]:
    columns: list[list[Segment]] = [[] for _ in range(len(gutters) + 1)]
    for segment in segments:
        columns[sum(segment.left >= gap[1] - 1 for gap in gutters)].append(segment)
    return columns


def _rows(group: Sequence[list[Segment]], gutters: Sequence[Gap], *, rtl: bool) -> list[list[str]]:
    """Cells row by row; a line that has no first cell goes on with the row before, close below it."""
    rows: list[list[str]] = []
    before = 0.0
    for band in group:
        cells = [
            " ".join(_text(line) for line in _lines([column], rtl=rtl)) for column in _split(band, gutters)
        ]
        if rtl:
            cells.reverse()
        base = max(segment.base for segment in band)
        close = before - base < 1.45 * band[0].size
        if rows and not cells[0] and close:
            rows[-1] = [f"{old} {new}".strip() for old, new in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
        before = base
    return rows


def _text(line: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in line)


def _lines(bands: Sequence[list[Segment]], *, rtl: bool) -> list[list[Segment]]:
    """Segments by baseline, from top to bottom, each line in reading order."""
    lines: list[list[Segment]] = []
    for band in bands:
        base = _ENDLESS
        for segment in sorted(band, key=lambda each: -each.base):
            if base - segment.base > 0.4 * segment.size:
                lines.append([])
                base = segment.base
            lines[-1].append(segment)
    for line in lines:
        line.sort(key=lambda each: -each.right if rtl else each.left)
    return lines
