"""The quality page: how summaries are rated, by model version and over time, and what comes in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from brevity.common.errors import Rejected
from brevity.common.events import DriftDetected
from brevity.feedback.model import Group, SummaryFilter
from brevity.feedback.mongo.drift import DriftStore
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.feedback.repository import Repository
from brevity.feedback.statistics import Rate, Row, rows
from brevity.feedback.web.charts import Plot, Point, count_plot, share_plot
from brevity.feedback.web.drift_plots import NAMES, levels
from brevity.feedback.web.known import Known
from brevity.feedback.web.page import Caller, PageRoute, page

PERIODS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "A year"))
_USUAL_DAYS = 30
_MOST_DAYS_BY_DAY = 45
"""Longer periods are shown by week."""
_MOST_ALARMS = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    days: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plot with its words and, for the table beside it, its points."""

    title: str
    explained: str
    what: str
    words: str
    share: bool
    points: list[Point]
    drawing: Plot


def quality(repository: Repository, known: Known, drift: DriftStore, series: DriftSeries) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/quality")
    async def show_quality(request: Request, caller: Caller) -> Response:
        chosen = _chosen(request)
        today = datetime.now(UTC).date()
        first = today - timedelta(days=chosen.days - 1)
        wanted = SummaryFilter(
            language=chosen.language, since=datetime(first.year, first.month, first.day, tzinfo=UTC)
        )
        groups = await repository.statistics(caller.tenant, wanted)
        by_week = chosen.days > _MOST_DAYS_BY_DAY
        alarms = await _alarms(drift, caller.tenant, chosen, first)
        language = chosen.language
        began, now = datetime(first.year, first.month, first.day, tzinfo=UTC), datetime.now(UTC)
        points = await series.read(caller.tenant if language else None, language, began)
        # A plot shows the tests of one population: its alarms are those of all documents, or of this language's.
        plotted = [alarm for alarm in alarms if alarm.language == language]
        return page(
            request,
            "quality.html",
            chosen=chosen,
            periods=PERIODS,
            period_name="Week of" if by_week else "Day",
            languages_known=(await known.of(caller.tenant)).languages,
            total=_together(groups),
            models=rows(groups, "model_version"),
            languages=sorted(rows(groups, "language"), key=lambda row: -row.summaries),
            plots=_plots(_over_time(groups, first, today, by_week=by_week)),
            alarms=alarms,
            statistic_names=NAMES,
            levels=levels(points, plotted, began, now),
            watched=await drift.watched(),
        )

    return router


async def _alarms(drift: DriftStore, tenant: str, chosen: Chosen, first: date) -> list[DriftDetected]:
    """What the monitors found in the tenant's documents and in all together in this period, newest first."""
    found = [
        *await drift.alarms(tenant, limit=_MOST_ALARMS),
        *await drift.alarms(None, limit=_MOST_ALARMS),
    ]
    wanted = [
        alarm
        for alarm in found
        if alarm.detected_at.date() >= first and chosen.language in (None, alarm.language)
    ]
    return sorted(wanted, key=lambda alarm: alarm.detected_at, reverse=True)[:_MOST_ALARMS]


def _chosen(request: Request) -> Chosen:
    days = request.query_params.get("days", str(_USUAL_DAYS))
    if days not in {str(count) for count, _ in PERIODS}:
        raise Rejected("there is no such period", code="bad_request", remedy="Choose one of those offered.")
    return Chosen(int(days), request.query_params.get("language", "")[:200] or None)


def _together(groups: Iterable[Group]) -> Row:
    """All of it as one row."""
    everything = [group.model_copy(update={"day": ""}) for group in groups]
    return next(iter(rows(everything, "day")), Row())


def _over_time(groups: list[Group], first: date, last: date, *, by_week: bool) -> list[tuple[str, Row]]:
    """A row for each day or week of the period, those without summaries included."""
    merged: dict[date, list[Group]] = {start: [] for start in _starts(first, last, by_week=by_week)}
    for group in groups:
        merged[_start_of(date.fromisoformat(group.day), first, last, by_week=by_week)].append(group)
    return [(_label(start), _together(members)) for start, members in merged.items()]


def _starts(first: date, last: date, *, by_week: bool) -> list[date]:
    step = 7 if by_week else 1
    return [first + timedelta(days=offset) for offset in range(0, (last - first).days + 1, step)]


def _start_of(day: date, first: date, last: date, *, by_week: bool) -> date:
    """The day or week that `day` falls into; another clock may be ahead of ours, and counts as today."""
    step = 7 if by_week else 1
    inside = min(max(first, day), last)
    return first + timedelta(days=(inside - first).days // step * step)


def _label(day: date) -> str:
    return f"{day.day} {day:%b}"


def _plots(time: list[tuple[str, Row]]) -> list[Drawn]:
    rated = [_share(label, row.rating_rate, row.up + row.down) for label, row in time]
    warned = [_share(label, row.warning_rate, row.summaries) for label, row in time]
    changed = [Point(label, row.mean_edit_distance, count=row.edits) for label, row in time]
    made = [Point(label, float(row.summaries)) for label, row in time]
    return [
        Drawn(
            "Ratings",
            "Share that is up, with its 95 % confidence band.",
            "Up",
            _words("Share of ratings that are up", rated, share=True),
            True,
            rated,
            share_plot(rated),
        ),
        Drawn(
            "Warnings",
            "Share of summaries with a fact to check, with its 95 % confidence band.",
            "With warnings",
            _words("Share of summaries with warnings", warned, share=True),
            True,
            warned,
            share_plot(warned),
        ),
        Drawn(
            "Corrections",
            "Mean share of words that a correction changed.",
            "Words changed",
            _words("Mean share of words changed by corrections", changed, share=True),
            True,
            changed,
            share_plot(changed),
        ),
        Drawn(
            "Volume",
            "Summaries made.",
            "Summaries",
            _words("Summaries made", made, share=False),
            False,
            made,
            count_plot(made),
        ),
    ]


def _share(label: str, rate: Rate | None, count: int) -> Point:
    if rate is None:
        return Point(label, None)
    return Point(label, rate.value, rate.low, rate.high, count)


def _words(what: str, points: list[Point], *, share: bool) -> str:
    """The plot in a sentence, for those who do not see it; the table beside it has all of it."""
    known = [point for point in points if point.value is not None]
    if not known:
        return f"{what}: nothing in this period."

    def said(point: Point) -> str:
        value = point.value or 0
        return f"{value * 100:.0f} %" if share else f"{value:,.0f}"

    least, most = min(known, key=lambda p: p.value or 0), max(known, key=lambda p: p.value or 0)
    return (
        f"{what}, {known[0].label} to {known[-1].label}: least {said(least)} ({least.label}), "
        f"most {said(most)} ({most.label}), last {said(known[-1])}."
    )
