"""The trainer's HTTP door as the commands use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic import Field

from brevity.common.errors import Rejected, Unavailable
from brevity.common.settings import Settings, load_settings
from brevity.trainer.settings import TrainerBlock


class DoorSettings(Settings):
    """What the commands need to know."""

    trainer: TrainerBlock = Field(default_factory=TrainerBlock)


class Door:
    """Calls raise Rejected for what the trainer refuses and Unavailable when it does not answer."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url
        headers = {"X-API-Key": api_key} if api_key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False)

    @classmethod
    def from_environment(cls) -> Door:
        settings = load_settings(DoorSettings).trainer
        key = settings.api_key
        return cls(settings.url, key.get_secret_value() if key else None)

    def get(self, path: str, **query: Any) -> Any:
        return self._asked("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._asked("POST", path, json=body or {})

    def events(self, path: str) -> Iterator[dict[str, Any]]:
        """The data of a server-sent stream, until it ends."""
        with (
            self._reached(),
            self._client.stream("GET", path, timeout=httpx.Timeout(30, read=60)) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise _refused(answer)
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def _asked(self, method: str, path: str, **options: Any) -> Any:
        with self._reached():
            answer = self._client.request(method, path, **options)
        if answer.is_error:
            raise _refused(answer)
        return answer.json()

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise Unavailable(
                f"the trainer does not answer at {self._url}: {type(error).__name__}",
                code="trainer",
                remedy="Is it running? BREVITY_TRAINER_URL says where it is.",
            ) from error


def _refused(answer: httpx.Response) -> Rejected | Unavailable:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    kind = Unavailable if answer.status_code >= 500 else Rejected
    return kind(
        str(said.get("detail") or f"the trainer answered {answer.status_code}"),
        code=str(said.get("code") or "trainer"),
        remedy=str(said.get("remedy") or "See the trainer's log."),
    )
