"""The first page: summaries, newest first, found by words and filters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from brevity.common.errors import Rejected
from brevity.feedback.export.languages import describe
from brevity.feedback.model import Standing, SummaryFilter
from brevity.feedback.repository import Repository
from brevity.feedback.web import words
from brevity.feedback.web.known import Choices, Known
from brevity.feedback.web.page import Caller, PageRoute, page

ITEMS = 20
_NAMES = ("text", "language", "engine", "model_version", "rating", "warnings", "since", "until")
_LONGEST = 500


class Filters(dict[str, str]):
    """What the form says, by field; every field is there, empty when nothing was chosen."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filters:
        return cls({name: query.get(name, "")[:_LONGEST] for name in _NAMES})

    @property
    def text(self) -> str:
        return self["text"]

    @property
    def detailed(self) -> int:
        """How many are set besides the words."""
        return sum(bool(value) for name, value in self.items() if name != "text")

    @property
    def any(self) -> bool:
        return any(self.values())

    def wanted(self) -> SummaryFilter:
        """Raises Rejected `bad_request` when a date or choice is none."""
        given = {name: value for name, value in self.items() if value}
        rating, warnings = given.pop("rating", None), given.pop("warnings", None)
        since, until = given.pop("since", None), given.pop("until", None)
        if rating not in (None, *get_args(Standing)) or warnings not in (None, "yes", "no"):
            raise _bad("a filter has a value that is none of its choices")
        return SummaryFilter.model_validate(
            {
                **given,
                "rating": rating,
                "has_warnings": None if warnings is None else warnings == "yes",
                "since": _midnight(since),
                "until": _midnight(until, days=1),
            }
        )

    def exported(self) -> dict[str, str]:
        """The same filter as fields of `/v1/export`. Raises Rejected as `wanted` does."""
        found = self.wanted().model_dump(mode="json", exclude_none=True)
        return {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in found.items()
        }

    def address(self, cursor: str | None = None) -> str:
        """The list with these filters."""
        query = {name: value for name, value in self.items() if value}
        if cursor is not None:
            query["cursor"] = cursor
        return f"/?{urlencode(query)}" if query else "/"


def listing(repository: Repository, known: Known) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/")
    async def show_list(request: Request, caller: Caller) -> Response:
        filters = Filters.of(request.query_params)
        cursor = request.query_params.get("cursor")
        found = await repository.summaries(caller.tenant, filters.wanted(), limit=ITEMS, cursor=cursor)
        return page(
            request,
            "list.html",
            items=found.items,
            filters=filters,
            choices=_choices(await known.of(caller.tenant)),
            cursor=cursor,
            exported=filters.exported(),
            here=filters.address(),
            newest=filters.address() if cursor else None,
            older=filters.address(found.next_cursor) if found.next_cursor else None,
        )

    return router


def _choices(known: Choices) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The select fields: name, label, and what there is to choose."""
    return [
        ("language", "Language", [(tag, describe(tag)) for tag in known.languages]),
        ("engine", "Engine", [(name, name) for name in known.engines]),
        ("model_version", "Model version", [(name, name) for name in known.model_versions]),
        ("rating", "Rating", list(words.STANDINGS.items())),
        ("warnings", "Warnings", [("yes", "With warnings"), ("no", "Without warnings")]),
    ]


def _midnight(day: str | None, *, days: int = 0) -> datetime | None:
    """The beginning of a UTC day, or of the one `days` after it."""
    if day is None:
        return None
    try:
        at = date.fromisoformat(day) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise _bad("a date is none") from None
    return datetime(at.year, at.month, at.day, tzinfo=UTC)


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_request", remedy="Choose the filters anew.")
