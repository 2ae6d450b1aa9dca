"""Two models' summaries of one text, side by side and without their names; the choice is kept as a preference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brevity.common.errors import Rejected
from brevity.common.ids import deterministic_id
from brevity.feedback.api.params import the_summary
from brevity.feedback.judging import Given
from brevity.feedback.model import StoredSummary, SummaryFilter
from brevity.feedback.outbox import Outbox
from brevity.feedback.repository import Repository
from brevity.feedback.sources import Sources
from brevity.feedback.web.judging import keep
from brevity.feedback.web.page import Caller, PageRoute, Reviewer, page
from brevity.feedback.web.segments import shown_source

_PAGE = 200
_LATEST = 2_000
"""Summaries among which pairs are looked for; the reading view leads to the pairs of any text."""

Pair = tuple[StoredSummary, StoredSummary]


def comparing(repository: Repository, sources: Sources, outbox: Outbox) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/compare")
    async def compare(
        request: Request,
        caller: Caller,
        text: Annotated[str | None, Query(max_length=64)] = None,
        seen: Annotated[str, Query(max_length=4_000)] = "",
    ) -> Response:
        """The next pair; `text` narrows to one source, `seen` names the pairs that were shown."""
        shown = [name for name in seen.split(".") if name]
        async for pair in _pairs(repository, caller.tenant, text, caller.subject):
            name = _name(pair)
            if name in shown or await _judged(repository, pair, caller.subject):
                continue
            source = await sources.text_of(pair[0].event)
            return page(
                request,
                "compare.html",
                pair=pair,
                chosen=None,
                text=None if source is None else shown_source(source, []),
                skip=_next([*shown, name], text),
                seen=bool(shown),
            )
        return page(request, "compare.html", pair=None, chosen=None, text=None, skip="", seen=bool(shown))

    @router.post("/compare")
    async def choose(request: Request, caller: Reviewer) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            names = [str(form.get(name) or "") for name in ("one", "other")]
            better = str(form.get("better") or "")
        if better not in names or names[0] == names[1]:
            raise Rejected(
                "the choice is none of the two", code="bad_request", remedy="Choose one of the two."
            )
        chosen, worse = better, names[1 - names.index(better)]
        good = await the_summary(repository, caller.tenant, chosen)
        bad = await the_summary(repository, caller.tenant, worse)
        if good.event.content_hash != bad.event.content_hash:
            raise Rejected(
                "the two are not summaries of one text", code="not_comparable", remedy="Compare others."
            )
        await keep(outbox, good, Given(preferred_over=worse), caller.subject)
        return RedirectResponse(f"/compared?{urlencode({'better': chosen, 'worse': worse})}", 303)

    @router.get("/compared")
    async def compared(
        request: Request,
        caller: Caller,
        better: Annotated[str, Query(max_length=200)],
        worse: Annotated[str, Query(max_length=200)],
    ) -> Response:
        """Who wrote which, once chosen."""
        pair = (
            await the_summary(repository, caller.tenant, better),
            await the_summary(repository, caller.tenant, worse),
        )
        shown = _ordered(*pair, caller.subject)
        return page(
            request, "compare.html", pair=shown, chosen=better, text=None, skip="/compare", seen=False
        )

    return router


async def _pairs(repository: Repository, tenant: str, text: str | None, reader: str) -> AsyncIterator[Pair]:
    """Pairs among the latest summaries, each once: further back only as far as somebody asks for more."""
    latest: list[StoredSummary] = []
    given: set[str] = set()
    cursor: str | None = None
    while len(latest) < _LATEST:
        wanted = SummaryFilter(content_hash=text)
        found = await repository.summaries(tenant, wanted, limit=_PAGE, cursor=cursor)
        latest += found.items
        for pair in pairs(latest, reader):
            if (name := _name(pair)) not in given:
                given.add(name)
                yield pair
        cursor = found.next_cursor
        if cursor is None:
            return


def pairs(latest: list[StoredSummary], reader: str) -> list[Pair]:
    """Pairs of different models' different summaries of one text and request, newest first, each in an order that is
    the reader's own: which model is on which side tells nothing."""
    by_text: dict[tuple[str, str], list[StoredSummary]] = {}
    for item in latest:
        # The engine may be part of what was asked for; length, style and language must be the same.
        asked = item.event.request.model_copy(update={"engine": None}).model_dump_json()
        by_text.setdefault((item.event.content_hash, asked), []).append(item)
    found: list[Pair] = []
    for items in by_text.values():
        for index, one in enumerate(items):
            found += [
                _ordered(one, other, reader)
                for other in items[index + 1 :]
                if one.event.model_version != other.event.model_version
                and one.event.summary != other.event.summary
            ]
    return found


def _ordered(one: StoredSummary, other: StoredSummary, reader: str) -> Pair:
    first, second = sorted((one, other), key=lambda item: item.event.summary_id)
    digest = deterministic_id("side", reader, first.event.summary_id, second.event.summary_id)
    return (second, first) if int(digest[-1], 16) % 2 else (first, second)


def _name(pair: Pair) -> str:
    """Short, and the same whichever side each is on."""
    return deterministic_id("", *sorted(item.event.summary_id for item in pair))[1:13]


def _next(shown: list[str], text: str | None) -> str:
    query = {"seen": ".".join(shown[-100:])}
    if text:
        query["text"] = text
    return f"/compare?{urlencode(query)}"


async def _judged(repository: Repository, pair: Pair, reader: str) -> bool:
    """Whether this reader has chosen between the two before."""
    for one, other in (pair, pair[::-1]):
        said = await repository.feedback_of(one.event.tenant, one.event.summary_id)
        if any(entry.reviewer == reader and entry.preferred_over == other.event.summary_id for entry in said):
            return True
    return False
