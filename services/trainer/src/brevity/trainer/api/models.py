"""Models over HTTP: what there is, why it was decided so, and decisions of people."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from brevity.common.contracts.vocabulary import Decision
from brevity.common.errors import Rejected
from brevity.common.events import ModelPromoted, Rollout
from brevity.common.http.principal import Principal, needs
from brevity.trainer.data.rows import spaced
from brevity.trainer.data.versions import Versions
from brevity.trainer.gate.decide import decide
from brevity.trainer.gate.policy import Policy
from brevity.trainer.gate.scores import compare, summarizer_of
from brevity.trainer.promotion import Promotions
from brevity.trainer.registry import CHAMPION, Registry, Version

Reader = Annotated[Principal, Depends(needs("reader"))]
Operator = Annotated[Principal, Depends(needs("operator"))]


_LONGEST_NAME = 200

OnBehalfOf = Field(
    default=None,
    min_length=1,
    max_length=150,
    pattern=r"^[^\s\x00-\x1f\x7f]+$",
    description="The person who decides, where an operator's service passes it on; the event names both.",
)


class Promote(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: str
    reason: str = Field(min_length=1, max_length=1_000)
    on_behalf_of: str | None = OnBehalfOf
    rollout: Rollout = Field(default_factory=Rollout)


class Rollback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1_000)
    on_behalf_of: str | None = OnBehalfOf
    version: str | None = Field(default=None, description="The one before, when absent.")


class Compare(BaseModel):
    model_config = ConfigDict(extra="forbid")

    candidate: str
    champion: str | None = Field(default=None, description="The one in service, when absent.")
    documents: int = Field(default=20, ge=2, le=500, description="Documents of each set.")


def models_routes(
    registry: Registry, promotions: Promotions, versions: Versions, policy: Policy
) -> APIRouter:
    router = APIRouter(prefix="/v1/models", tags=["models"])

    @router.get("")
    def listed(caller: Reader) -> Response:
        """Every model's versions, newest first, with stage, aliases, decision and its evidence."""
        return JSONResponse([v.view() for model in registry.models() for v in registry.versions(model)])

    @router.get("/{model}/versions/{version}")
    def one(model: str, version: str, caller: Reader) -> Response:
        """One version; `champion` and `challenger` are versions too."""
        return JSONResponse(registry.named(model, version).view())

    @router.get("/{model}/versions/{version}/evaluation")
    def evaluation(model: str, version: str, caller: Reader) -> Response:
        """What the gate's decision on a version stands on: checks, figures, and how each group moved."""
        return JSONResponse(registry.evaluation(registry.named(model, version)))

    @router.get("/{model}/promotions", response_model=list[ModelPromoted])
    def history(model: str, caller: Reader, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        """Who was brought into service when, by whom and why, newest first."""
        return JSONResponse(
            [e.model_dump(mode="json", exclude_none=True) for e in promotions.history(model, limit)]
        )

    @router.post("/{model}/promote", response_model=ModelPromoted)
    def promote(model: str, wanted: Promote, caller: Operator) -> Response:
        """Bring a version into service, whatever the gate said."""
        version = registry.named(model, wanted.version)
        return _decided(version, wanted.reason, caller, wanted.on_behalf_of, wanted.rollout)

    @router.post("/{model}/rollback", response_model=ModelPromoted)
    def rollback(model: str, wanted: Rollback, caller: Operator) -> Response:
        """Bring back the version that was in service before."""
        version = registry.named(model, wanted.version) if wanted.version else promotions.before(model)
        return _decided(version, f"rolled back: {wanted.reason}", caller, wanted.on_behalf_of, Rollout())

    @router.post("/{model}/compare")
    def compared(model: str, wanted: Compare, caller: Operator) -> Response:
        """Both versions on the frozen evaluation set, held against the policy; nothing is decided."""
        ours = registry.named(model, wanted.candidate)
        theirs = registry.named(model, wanted.champion or CHAMPION)
        frozen = versions.frozen(model)
        rows = versions.rows(frozen) if frozen else []
        if not rows and ours.data_version:
            rows = [row for row in versions.rows(ours.data_version) if row.part == "test"]
        if not rows:
            raise Rejected(
                "there is nothing to compare on",
                code="no_evaluation_set",
                remedy="Freeze an evaluation set: `brevity data freeze`.",
            )
        sets = sorted({row.set for row in rows})
        chosen = [row for s in sets for row in spaced([r for r in rows if r.set == s], wanted.documents)]
        with tempfile.TemporaryDirectory(prefix="brevity-compare-") as folder:
            candidate, champion = (
                summarizer_of(registry.read(version, Path(folder) / version.name), version.engine)
                for version in (ours, theirs)
            )
        pairs = list(compare(candidate, champion, chosen))
        variant = ours.variant_of == theirs.name
        size = ours.artifact.size_bytes or 0
        decision = decide(pairs, policy, engine=ours.engine, size_bytes=size, variant=variant)
        return JSONResponse({"candidate": ours.view(), "champion": theirs.view(), **decision.evidence()})

    def _decided(
        version: Version, reason: str, caller: Principal, behalf: str | None, rollout: Rollout
    ) -> Response:
        event = promotions.promote(
            version,
            reason=reason,
            decided_by=f"person:{behalf or caller.name}"[:_LONGEST_NAME],
            vouched_by=caller.name[:_LONGEST_NAME] if behalf else None,
            rollout=rollout,
        )
        registry.decide(version, Decision.PROMOTED, reason, dict(version.evidence))
        return JSONResponse(event.model_dump(mode="json", exclude_none=True))

    return router
