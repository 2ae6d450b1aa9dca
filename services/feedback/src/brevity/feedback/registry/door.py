"""The trainer's HTTP door as the page asks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from brevity.common.errors import Rejected, Unavailable
from brevity.feedback.registry.versions import Evaluation, Rollout, Trained, Version
from brevity.feedback.settings import FeedbackSettings

_SECONDS = 10.0
_LONG_SECONDS = 60.0
_VERSIONS = TypeAdapter(list[Version])
_TRAINED = TypeAdapter(list[Trained])
_REMEDY = "Is it running at BREVITY_FEEDBACK_TRAINER_URL? The ledger below does not need it."


class RegistryDoor:
    """Calls raise Unavailable when the trainer is away, and Rejected for what it refuses or when there is none.

    Args:
        url: None when this installation has no trainer, or feedback is not told of it.
        api_key: A key with the role operator, where the trainer asks for one.
    """

    def __init__(self, url: str | None, api_key: str | None = None) -> None:
        self._url = url or None
        self._headers = {"X-API-Key": api_key} if api_key else {}

    @property
    def configured(self) -> bool:
        return self._url is not None

    async def versions(self) -> list[Version]:
        return self._read(_VERSIONS.validate_python, await self._ask("GET", "/v1/models"))

    async def version(self, model: str, version: str) -> Version:
        return self._read(Version.model_validate, await self._ask("GET", _place(model, version)))

    async def evaluation(self, model: str, version: str) -> Evaluation | None:
        """None of a version that was compared with nothing."""
        try:
            found = await self._ask("GET", f"{_place(model, version)}/evaluation")
        except Rejected as error:
            if error.code == "no_evaluation":
                return None
            raise
        return self._read(Evaluation.model_validate, found)

    async def trained_on(self, model: str, version: str) -> list[Trained]:
        """Some of the documents that a version was trained on; none of one whose data nobody kept."""
        found = await self._ask("GET", f"{_place(model, version)}/reference", seconds=_LONG_SECONDS)
        return self._read(_TRAINED.validate_python, found["documents"])

    async def promote(self, model: str, version: str, reason: str, rollout: Rollout, who: str) -> None:
        body = {"version": version, "reason": reason, "rollout": rollout.told(), "on_behalf_of": who}
        await self._ask("POST", f"/v1/models/{quote(model, safe='')}/promote", body)

    async def roll_back(self, model: str, reason: str, who: str) -> str:
        """The version that is in service again."""
        body = {"reason": reason, "on_behalf_of": who}
        event = await self._ask("POST", f"/v1/models/{quote(model, safe='')}/rollback", body)
        return str(event["version"])

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, seconds: float = _SECONDS
    ) -> Any:
        if self._url is None:
            raise Rejected(  # asking again will not help
                "this service is not told where the trainer is",
                code="trainer_not_configured",
                remedy="Set BREVITY_FEEDBACK_TRAINER_URL (and ..._TRAINER_API_KEY) and start it again.",
            )
        try:
            async with httpx.AsyncClient(
                base_url=self._url, headers=self._headers, timeout=seconds, trust_env=False
            ) as client:
                answer = await client.request(method, path, json=body)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                f"the trainer does not answer: {type(error).__name__}", code="trainer_away", remedy=_REMEDY
            ) from error
        if answer.status_code in (401, 403):
            raise Rejected(
                f"the trainer refuses this service's key ({answer.status_code})",
                code="trainer_refused",
                remedy="Give BREVITY_FEEDBACK_TRAINER_API_KEY a key with the role operator.",
            )
        if answer.is_error:
            said = told if isinstance(told, dict) else {}
            kind = Unavailable if answer.status_code >= 500 else Rejected
            raise kind(
                str(said.get("detail") or f"the trainer answered {answer.status_code}"),
                code=str(said.get("code") or "trainer"),
                remedy=str(said.get("remedy") or "See the trainer's log."),
            )
        return told

    @staticmethod
    def _read(parse: Any, told: Any) -> Any:
        try:
            return parse(told)
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            raise Unavailable(
                f"the trainer's answer is not understood: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}",
                code="trainer_answer",
                remedy="Run trainer and feedback of one release.",
            ) from None


def registry_door(settings: FeedbackSettings) -> RegistryDoor:
    """The door that the settings name."""
    key = settings.feedback.trainer_api_key
    return RegistryDoor(settings.feedback.trainer_url, key.get_secret_value() if key else None)


def _place(model: str, version: str) -> str:
    return f"/v1/models/{quote(model, safe='')}/versions/{quote(version, safe='')}"
