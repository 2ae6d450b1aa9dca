"""What the store's counts say: ratings with their confidence interval, edits and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Literal

from pydantic import Field

from brevity.feedback.model import Group, Stored

By = Literal["model_version", "language", "day"]

_Z_95 = 1.959964
"""Standard normal quantile of 97.5 %."""


class Rate(Stored):
    """A share with its 95 % Wilson score interval, which holds for few ratings too (Wilson 1927)."""

    value: float
    low: float
    high: float


class Row(Stored):
    """Summaries that share what was grouped by, added up."""

    engine: str | None = Field(default=None, description="Given when grouped by model version.")
    model_version: str | None = None
    language: str | None = None
    day: str | None = Field(default=None, description="UTC day of submission.")
    summaries: int = 0
    with_warnings: int = 0
    warning_rate: Rate | None = None
    up: int = 0
    down: int = 0
    rating_rate: Rate | None = Field(
        default=None, description="Share of ratings that are up; null without any."
    )
    edits: int = 0
    mean_edit_distance: float | None = Field(default=None, description="0 to 1; null without edits.")


def wilson(successes: int, trials: int) -> Rate | None:
    """The share and its interval; None without trials."""
    if not trials:
        return None
    share, z2 = successes / trials, _Z_95 * _Z_95
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = _Z_95 * sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials)) / (1 + z2 / trials)
    return Rate(
        value=round(share, 6), low=round(max(0.0, centre - half), 6), high=round(min(1.0, centre + half), 6)
    )


def rows(groups: Iterable[Group], by: By) -> list[Row]:
    """`groups` added up, in the order of what they are grouped by."""
    merged: dict[tuple[str, ...], list[Group]] = {}
    for group in groups:
        key = (group.engine, group.model_version) if by == "model_version" else (getattr(group, by),)
        merged.setdefault(key, []).append(group)
    return [_row(by, members) for _, members in sorted(merged.items())]


def _row(by: By, members: list[Group]) -> Row:
    first = members[0]
    summaries = sum(group.summaries for group in members)
    with_warnings = sum(group.with_warnings for group in members)
    up, down = sum(group.up for group in members), sum(group.down for group in members)
    edits = sum(group.edits for group in members)
    return Row(
        engine=first.engine if by == "model_version" else None,
        **{by: getattr(first, by)},
        summaries=summaries,
        with_warnings=with_warnings,
        warning_rate=wilson(with_warnings, summaries),
        up=up,
        down=down,
        rating_rate=wilson(up, up + down),
        edits=edits,
        mean_edit_distance=round(sum(group.edit_distance for group in members) / edits, 6) if edits else None,
    )
