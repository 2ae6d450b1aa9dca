"""The models page: versions with the evidence of each decision, the ledger as a timeline, and decisions of operators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brevity.common.errors import BrevityError, Rejected, Unavailable
from brevity.common.http.principal import Principal, needs
from brevity.feedback.ledger.entries import Entry, in_production
from brevity.feedback.ledger.store import LedgerStore
from brevity.feedback.ledger.timeline import engines, reigns, timeline
from brevity.feedback.registry.door import RegistryDoor
from brevity.feedback.registry.intervals import axis
from brevity.feedback.registry.versions import Rollout, Version, by_model
from brevity.feedback.web import model_words
from brevity.feedback.web.judging import checked
from brevity.feedback.web.page import Caller, PageRoute, page

Operator = Annotated[Principal, Depends(needs("operator"))]


class Reasoned(BaseModel):
    """What every decision must say."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1_000)

    @field_validator("reason", mode="before")
    @classmethod
    def _stripped(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value


def models(door: RegistryDoor, ledger: LedgerStore) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/models")
    async def show_models(request: Request, caller: Caller) -> Response:
        entries = await ledger.entries()
        found, wrong = await _versions(door)
        now = datetime.now(UTC)
        asked = request.query_params.get("at", "")[:40]
        instant = _instant(asked) if asked else None
        return page(
            request,
            "models.html",
            models=by_model(found),
            wrong=wrong,
            configured=door.configured,
            engines=[
                (name, held, timeline(held, now), in_production(entries, name, instant) if instant else None)
                for name in engines(entries)
                for held in [reigns(entries, name)]
            ],
            never=[entry for entry in entries if entry.state != "in_service"],
            asked=asked,
            instant=instant,
            model_words=model_words,
        )

    @router.get("/models/{model}/{version}")
    async def show_version(request: Request, model: str, version: str, caller: Caller) -> Response:
        shown = await door.version(model, version)
        evaluation = await door.evaluation(model, shown.version)
        gains = [group.gain for group in evaluation.groups] if evaluation else []
        if evaluation and evaluation.gain:
            gains.append(evaluation.gain)
        entries = [entry for entry in await ledger.entries() if _is_of(entry, shown)]
        champion = next((v for v in await door.versions() if v.model == model and v.in_service), None)
        return page(
            request,
            "model.html",
            version=shown,
            evaluation=evaluation,
            checks=evaluation.checks if evaluation else shown.evidence.checks,
            axis=axis(gains),
            entries=entries,
            champion=champion,
            may_decide=caller.may("operator"),
            done=request.query_params.get("done", "")[:20],
            model_words=model_words,
        )

    @router.post("/models/{model}/{version}/promote")
    async def promote(request: Request, model: str, version: str, caller: Operator) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            said = checked(Reasoned, {"reason": form.get("reason")})
            rollout = checked(
                Rollout, {"mode": form.get("mode") or "full", "percent": form.get("percent") or 10}
            )
        await door.promote(model, version, said.reason, rollout, caller.name)
        return _to(model, version, "promoted")

    @router.post("/models/{model}/rollback")
    async def roll_back(request: Request, model: str, caller: Operator) -> Response:
        async with request.form(max_files=0, max_fields=10) as form:
            said = checked(Reasoned, {"reason": form.get("reason")})
        return _to(model, await door.roll_back(model, said.reason, caller.name), "back")

    return router


async def _versions(door: RegistryDoor) -> tuple[list[Version], BrevityError | None]:
    """All versions, or what keeps us from knowing them: the ledger is shown without them too."""
    try:
        return await door.versions(), None
    except (Unavailable, Rejected) as error:
        return [], error


def _is_of(entry: Entry, version: Version) -> bool:
    return (entry.model, entry.version) == (version.model, version.version)


def _to(model: str, version: str, done: str) -> Response:
    return RedirectResponse(f"/models/{quote(model, safe='')}/{quote(version, safe='')}?done={done}", 303)


def _instant(asked: str) -> datetime:
    """As a form or a person writes it; in UTC without a zone."""
    try:
        found = datetime.fromisoformat(asked)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Rejected(
            "this is not a time", code="bad_request", remedy="Write it as 2026-05-03T10:15."
        ) from None
