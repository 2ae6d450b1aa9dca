"""Guessing keys by cookie or at the form to sign in is as slow as by header, and slows nobody who has signed in."""

from __future__ import annotations

import base64
import json
from typing import Annotated

from fastapi import Depends
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.testclient import TestClient

from brevity.common.http.app import create_app
from brevity.common.http.auth import key_ring
from brevity.common.http.principal import Principal, principal_of
from brevity.common.settings import AuthSettings, HttpSettings
from brevity.feedback.web.login import login
from brevity.feedback.web.session import COOKIE, CookieKeys

ADA, BOB = "ada-key-0123456789", "bob-key-0123456789"
AUTH = AuthSettings(api_keys=SecretStr(json.dumps({ADA: "first", BOB: "second"})))


def _door(burst: int) -> TestClient:
    http = HttpSettings(requests_per_second=0.001, request_burst=burst)
    app = create_app(
        "page",
        title="t",
        mode="production",
        http=http,
        auth=AUTH,
        open_paths=frozenset({"/login"}),
        registry=CollectorRegistry(),
    )

    async def whoami(caller: Annotated[Principal, Depends(principal_of)]) -> str:
        return caller.tenant

    app.add_api_route("/v1/me", whoami, methods=["GET"])
    app.state.asks_for_keys = True
    app.include_router(login(key_ring("production", http, AUTH)))
    app.add_middleware(CookieKeys)
    return TestClient(app, base_url="http://127.0.0.1", headers={"Sec-Fetch-Site": "same-origin"})


def _cookie(key: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={base64.urlsafe_b64encode(key.encode()).decode().rstrip('=')}"}


def test_guessing_by_cookie() -> None:
    door = _door(burst=3)
    assert door.get("/v1/me", headers=_cookie(ADA)).json() == "first"
    answers = [door.get("/v1/me", headers=_cookie(f"a-wrong-key-number-{n}")).status_code for n in range(4)]
    assert answers == [401, 401, 401, 429]
    for headers in (_cookie(BOB), {"X-API-Key": BOB}, {**_cookie("nobody"), "X-API-Key": BOB}):
        assert door.get("/v1/me", headers=headers).status_code == 429
    assert door.get("/v1/me", headers=_cookie(ADA)).json() == "first"


def test_guessing_at_the_form() -> None:
    door = _door(burst=3)
    assert door.get("/v1/me", headers=_cookie(ADA)).json() == "first"
    answers = [
        door.post("/login", data={"key": f"a-wrong-key-number-{n}"}, follow_redirects=False).status_code
        for n in range(4)
    ]
    assert answers == [403, 403, 403, 429]
    assert door.post("/login", data={"key": BOB}, follow_redirects=False).status_code == 429
    assert door.get("/v1/me", headers={"X-API-Key": BOB}).status_code == 429
    assert door.get("/v1/me", headers=_cookie(ADA)).json() == "first"
