"""What the trainer does to forget a text: its door erases it from all training data, and names who learned from it."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
from pydantic import Field

from brevity.common.errors import Rejected, Unavailable
from brevity.feedback.model import Stored

_SECONDS = 600.0
"""The trainer reads all data there is."""


class Learned(Stored):
    """What was erased from training data, and what had been trained on it."""

    sources: list[str] = Field(description="Sources that held the text, and no longer do.")
    versions: dict[str, str | None] = Field(
        description="Data versions whose bytes are gone, each with the one that holds the rest."
    )
    models: list[str] = Field(
        description="Models that were trained on it, as `name version (model version)`."
    )


class Trainer:
    """The trainer's HTTP door.

    Args:
        api_key: A key with the role operator, where the trainer asks for one.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url
        self._headers = {"X-API-Key": api_key} if api_key else {}

    async def erase(self, digests: Iterable[str]) -> Learned:
        """Erase the texts with these SHA-256. May be repeated. Raises Unavailable, Rejected."""
        found = Learned(sources=[], versions={}, models=[])
        async with httpx.AsyncClient(
            base_url=self._url, headers=self._headers, timeout=_SECONDS, trust_env=False
        ) as client:
            for digest in sorted(digests):
                part = await self._erased(client, digest)
                found = Learned(
                    sources=sorted({*found.sources, *part.sources}),
                    versions={**found.versions, **part.versions},
                    models=sorted({*found.models, *part.models}),
                )
        return found

    async def _erased(self, client: httpx.AsyncClient, digest: str) -> Learned:
        try:
            answer = await client.delete(f"/v1/data/texts/{digest}")
            if answer.status_code in (401, 403):
                raise Rejected(
                    f"the trainer refuses to erase ({answer.status_code})",
                    code="trainer_refused",
                    remedy="Give BREVITY_FEEDBACK_TRAINER_API_KEY a key with the role operator.",
                )
            answer.raise_for_status()
            return Learned.model_validate_json(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                f"the trainer does not erase its training data: {type(error).__name__}",
                code="trainer",
                remedy="Is it running at BREVITY_FEEDBACK_TRAINER_URL? Nothing was erased yet: do it again then.",
            ) from error
