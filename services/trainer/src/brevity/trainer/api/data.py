"""Data over HTTP: erasing a text from it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from brevity.common.http.principal import Principal, needs
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.versions import Versions
from brevity.trainer.erasing import erase_text
from brevity.trainer.registry import Registry

Operator = Annotated[Principal, Depends(needs("operator"))]
Digest = Annotated[
    str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the text, as events carry it.")
]


def data_routes(sources: Sources, versions: Versions, registry: Registry) -> APIRouter:
    router = APIRouter(prefix="/v1/data", tags=["data"])

    @router.delete("/texts/{digest}")
    def erase(digest: Digest, caller: Operator) -> dict[str, Any]:
        """Erase a text from sources and data versions; names the models that were trained on it."""
        return asdict(erase_text(digest, sources, versions, registry))

    return router
