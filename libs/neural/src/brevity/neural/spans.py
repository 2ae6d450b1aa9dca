"""Unions of source spans: what was read of a text."""

from __future__ import annotations

from collections.abc import Iterable

from brevity.nlp.types import Span


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The fewest spans that hold the same characters, in order; empty ones are left out."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if joined and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
    return tuple(joined)
