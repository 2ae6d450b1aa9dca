"""Counts of summaries by day: statistics read one small record a day, whatever number of summaries there are.

Whatever changes a summary touches its day, whose revision grows. Days that were touched since they were counted are
counted again when somebody asks, by one task a tenant. An answer waits for it a moment; what takes longer is in a later
one, and a day that took long rests for ten times as long, so that counting takes a tenth of the time at most.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import translated
from brevity.feedback.model import Group, SummaryFilter
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.query import query_of
from brevity.feedback.mongo.records import within

log = get_logger(__name__)

_BY = ("engine", "model_version", "language", "standing", "with_warnings")
_SUMMED = ("summaries", "up", "down", "edits", "edit_distance")
_READ = {
    "submitted_at": 1, "engine": 1, "model_version": 1, "language": 1, "with_warnings": 1, "tally": 1,
}  # fmt: skip
_PIECE = 2_000
"""Summaries read at a time, so that no question comes near the store's time limit."""
_MOST_FOUND = 20_000
"""Summaries that words are looked for in statistics: the newest that hold them."""
_WAIT_SECONDS = 0.5
_LONG_SECONDS = 0.1
_REST = 10
_NEVER = 0

Record = dict[str, Any]
Counts = dict[tuple[Any, ...], list[float]]
"""What is in `_SUMMED`, by what is in `_BY`."""


class Days:
    def __init__(self, database: names.Database) -> None:
        self._database = database
        self._counting: dict[str, asyncio.Task[None]] = {}
        self._rests_until: dict[str, float] = {}

    async def statistics(self, tenant: str, wanted: SummaryFilter) -> list[Group]:
        with translated():
            if wanted.text or wanted.document_id or wanted.content_hash:  # no day knows these
                groups = await self._found(tenant, wanted, most=_MOST_FOUND)
            else:
                first, until, edges = whole_days(wanted)
                groups = await self._by_days(tenant, wanted, first, until)
                for edge in edges:
                    groups += await self._found(tenant, edge)
        return together(groups)

    async def _by_days(
        self, tenant: str, wanted: SummaryFilter, first: date | None, until: date | None
    ) -> list[Group]:
        between = {
            operator: day.isoformat()
            for operator, day in (("$gte", first), ("$lt", until))
            if day is not None
        }
        query = {"tenant": tenant, "day": between or {"$gte": ""}}
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            records = await self._database[names.DAYS].find(query).to_list()
            left = deadline - time.monotonic()
            if left <= 0 or not (stale := [record for record in records if self._to_count(record)]):
                break
            done, _ = await asyncio.wait({self._counter(tenant, stale)}, timeout=left)
            for task in done:
                task.result()
        return [
            _group(record["day"], [group[name] for name in _BY], [group[name] for name in _SUMMED])
            for record in records
            for group in record.get("counts", {}).get("groups", ())
            if _wanted(group, wanted)
        ]

    def _to_count(self, record: Record) -> bool:
        counted = record.get("counts", {}).get("revision", _NEVER)
        return counted < record["revision"] and self._rests_until.get(record["_id"], 0) < time.monotonic()

    def _counter(self, tenant: str, stale: Sequence[Record]) -> asyncio.Task[None]:
        task = self._counting.get(tenant)
        if task is None or task.done():
            task = asyncio.create_task(self._count(tenant, stale), name="count days")
            task.add_done_callback(_heard)
            self._counting[tenant] = task
        return task

    async def _count(self, tenant: str, stale: Sequence[Record]) -> None:
        """Latest days first."""
        self._rests_until = {day: at for day, at in self._rests_until.items() if at > time.monotonic()}
        for record in sorted(stale, key=lambda record: record["day"], reverse=True):
            began = time.monotonic()
            counts = await self._read(tenant, _of_day(date.fromisoformat(record["day"])))
            groups = [
                {**dict(zip(_BY, key, strict=True)), **dict(zip(_SUMMED, sums, strict=True))}
                for key, sums in counts.items()
            ]
            # Compared field by field, so the revision that was there before the summaries were read decides.
            counted = {"revision": record["revision"], "groups": groups}
            await self._database[names.DAYS].update_one({"_id": record["_id"]}, {"$max": {"counts": counted}})
            took = time.monotonic() - began
            if took > _LONG_SECONDS:
                self._rests_until[record["_id"]] = time.monotonic() + _REST * took

    async def _found(self, tenant: str, wanted: SummaryFilter, *, most: int | None = None) -> list[Group]:
        """The groups of the summaries themselves."""
        counts: dict[str, Counts] = defaultdict(dict)
        async for record in self._each(tenant, wanted, most):
            add(counts[day_of(record["submitted_at"]).isoformat()], record)
        return [_group(day, key, sums) for day, found in counts.items() for key, sums in found.items()]

    async def _read(self, tenant: str, wanted: SummaryFilter) -> Counts:
        counts: Counts = {}
        async for record in self._each(tenant, wanted, None):
            add(counts, record)
        return counts

    async def _each(self, tenant: str, wanted: SummaryFilter, most: int | None) -> AsyncIterator[Record]:
        """What is counted of each summary, newest first, a piece at a time."""
        last: Record | None = None
        seen = 0
        while True:
            query = query_of(tenant, wanted, after=(last["submitted_at"], last["_id"]) if last else None)
            found = self._database[names.SUMMARIES].find(query, _READ)
            piece = await found.sort([("submitted_at", -1), ("_id", -1)]).limit(_PIECE).to_list()
            for record in piece:
                yield record
            seen += len(piece)
            if len(piece) < _PIECE or (most is not None and seen >= most):
                return
            last = piece[-1]


def touched(tenant: str, at: datetime) -> UpdateOne:
    """Note that something of the summaries that were submitted on a day has changed."""
    day = day_of(at).isoformat()
    return UpdateOne(
        {"_id": within(tenant, day)},
        {
            "$setOnInsert": {"schema_version": names.SCHEMA_VERSION, "tenant": tenant, "day": day},
            "$inc": {"revision": 1},
            "$max": {"last_submitted_at": at},
        },
        upsert=True,
    )


def touches(summaries: Iterable[tuple[str, datetime]]) -> list[UpdateOne]:
    """One for each tenant and day of these summaries."""
    latest: dict[tuple[str, date], datetime] = {}
    for tenant, at in summaries:
        key = tenant, day_of(at)
        latest[key] = max(latest.get(key, at), at)
    return [touched(tenant, at) for (tenant, _), at in latest.items()]


def day_of(at: datetime) -> date:
    return at.astimezone(UTC).date()


def whole_days(wanted: SummaryFilter) -> tuple[date | None, date | None, list[SummaryFilter]]:
    """The first whole day that is wanted and the one that is no longer, None for no end; and what is wanted of the days
    that `since` or `until` cut."""
    since, until = (at.astimezone(UTC) if at else None for at in (wanted.since, wanted.until))
    first = since.date() if since else None
    end = until.date() if until else None
    edges: list[tuple[datetime | None, datetime | None]] = []
    if since and since != _midnight(since.date()):
        first = since.date() + timedelta(days=1) if since.date() < date.max else date.max
        if until and until <= _midnight(first):
            return first, first, [wanted]
        edges.append((since, _midnight(first)))
    if until and end and until != _midnight(end):
        edges.append((_midnight(end), until))
    return first, end, [wanted.model_copy(update={"since": a, "until": b}) for a, b in edges]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _of_day(day: date) -> SummaryFilter:
    until = _midnight(day + timedelta(days=1)) if day < date.max else None
    return SummaryFilter(since=_midnight(day), until=until)


def _wanted(group: Record, wanted: SummaryFilter) -> bool:
    return (
        wanted.language in (None, group["language"])
        and wanted.engine in (None, group["engine"])
        and wanted.model_version in (None, group["model_version"])
        and wanted.rating in (None, group["standing"])
        and wanted.has_warnings in (None, bool(group["with_warnings"]))
    )


def _group(day: str, key: Sequence[Any], sums: Sequence[Any]) -> Group:
    counted = dict(zip(_SUMMED, sums, strict=True))
    warned = counted["summaries"] if key[4] else 0
    return Group(
        engine=key[0], model_version=key[1], language=key[2], day=day, with_warnings=warned, **counted
    )


def add(counts: Counts, record: Record) -> None:
    """Count one summary's record in."""
    tally = record["tally"]
    key = *(record[name] for name in _BY[:3]), tally.get("standing", "none"), record["with_warnings"]
    sums = counts.setdefault(key, [0] * len(_SUMMED))
    sums[0] += 1
    for place, name in enumerate(_SUMMED[1:], 1):
        sums[place] += tally.get(name, 0)


def _heard(task: asyncio.Task[None]) -> None:
    """Who waits for the figures gets older ones, or the same error from the store."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("days were not counted", error=type(error).__name__)


def together(groups: Iterable[Group]) -> list[Group]:
    """One for each engine, model version, language and day, in this order."""
    merged: dict[tuple[str, ...], Group] = {}
    for group in groups:
        key = group.engine, group.model_version, group.language, group.day
        there = merged.get(key)
        sums = ("summaries", "with_warnings", "up", "down", "edits", "edit_distance")
        merged[key] = (
            group
            if there is None
            else group.model_copy(update={name: getattr(group, name) + getattr(there, name) for name in sums})
        )
    return [merged[key] for key in sorted(merged)]
