"""Page headers, footers and page numbers: what stands at the same place of several pages, and numbers at the edges."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence

from brevity.documents.formats.pdf.lines import Segment

_EDGE = 0.15
"""Of the page's height, at the top and at the bottom."""
_PAGE_NUMBER = re.compile(
    r"(?i)^[\W_]*(?:(?:page|seite|p\.|s\.|pág(?:ina|\.)|pagina|стр(?:аница|\.)|第)\s*)?(?:\d{1,4}|[ivxlcdm]{1,7}|[a-z]-?\d{1,3}|\d{1,2}-\d{1,3})"
    r"(?:\s*(?:/|of|von|de|sur|из|共|\|)\s*\d{1,4})?\s*[页頁]?[\W_]*$"
)
_DIGITS = re.compile(r"\d+")
_BLANKS = re.compile(r"\s+")
_STEP = 6.0

Key = tuple[str, int]


def split_furniture(
    pages: Sequence[Sequence[Segment]], heights: Sequence[float]
) -> tuple[list[list[Segment]], list[Segment]]:
    """Each page without its furniture, and the furniture of all."""
    seen: dict[Key, set[int]] = defaultdict(set)
    for number, segments in enumerate(pages):
        for segment in segments:
            seen[_key(segment)].add(number)
    dropped: list[Segment] = []
    kept: list[list[Segment]] = []
    for segments, height in zip(pages, heights, strict=True):
        page: list[Segment] = []
        artifacts = sum(len(segment.text) for segment in segments if segment.artifact)
        marked = artifacts < 0.35 * sum(len(segment.text) for segment in segments)
        numbers = _outermost_numbers(segments, height)
        for segment in segments:
            edge = not _EDGE * height < segment.base < (1 - _EDGE) * height
            times = _times(segment, seen)
            few = 2 if len(pages) <= 3 else 3
            if (edge and times >= few) or (segment.artifact and marked) or id(segment) in numbers:
                dropped.append(segment)
            else:
                page.append(segment)
        kept.append(page)
    return _without_line_numbers(kept, dropped), dropped


def _key(segment: Segment, shift: int = 0) -> Key:
    text = _DIGITS.sub("#", _BLANKS.sub("", segment.text.casefold()))
    return text, round(segment.base / _STEP) + shift


def _times(segment: Segment, seen: dict[Key, set[int]]) -> int:
    pages: set[int] = set()
    for shift in (-1, 0, 1):
        pages |= seen.get(_key(segment, shift), set())
        if len(pages) > 200:
            break
    return len(pages)


def _outermost_numbers(segments: Sequence[Segment], height: float) -> set[int]:
    """Page numbers: alone at the very top or bottom of the page."""
    found: set[int] = set()
    for edge in (min, max):
        if not segments:
            break
        extreme = edge(segment.base for segment in segments)
        line = [segment for segment in segments if abs(segment.base - extreme) < 0.5 * segment.size]
        if _EDGE * height < extreme < (1 - _EDGE) * height:
            continue
        found |= {id(segment) for segment in line if _PAGE_NUMBER.match(segment.text)}
    return found


def _without_line_numbers(pages: list[list[Segment]], dropped: list[Segment]) -> list[list[Segment]]:
    """Pages without the column of rising numbers that drafts and laws have beside their lines."""
    found: list[list[Segment]] = []
    for page in pages:
        digits = [segment for segment in page if segment.text.isdecimal() and len(segment.text) <= 4]
        edge = min((s.left for s in page if not s.text.isdecimal()), default=0.0)
        columns: dict[int, list[Segment]] = defaultdict(list)
        for segment in digits:
            columns[round(segment.right / 4)].append(segment)
        numbers: set[int] = set()
        for column in columns.values():
            column.sort(key=lambda segment: -segment.base)
            values = [int(segment.text) for segment in column]
            steps = {b - a for a, b in itertools.pairwise(values)}
            outside = all(segment.right < edge for segment in column)
            if len(column) >= 8 and len(steps) == 1 and steps <= {1, 5} and outside:
                numbers |= {id(segment) for segment in column}
                dropped += column
        found.append([segment for segment in page if id(segment) not in numbers])
    return found
