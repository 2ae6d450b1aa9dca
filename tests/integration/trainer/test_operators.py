"""Models and jobs are the platform's: what a tenant's admin may not do at the trainer's door, and which jobs it sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from brevity.common.settings import load_settings
from brevity.trainer.app import build
from brevity.trainer.settings import TrainerSettings
from tests.support.stack import Stack

pytestmark = pytest.mark.stack

KEYS = {
    f"{tenant}-{role}-0123456789": {"tenant": tenant, "role": role, "name": role}
    for tenant in ("default", "first", "second")
    for role in ("reader", "admin")
}


@pytest.fixture(scope="module")
def door(stack: Stack) -> TestClient:
    """The door alone: nothing is trained."""
    environ = {
        **stack.environ(),
        "BREVITY_MODE": "production",
        "BREVITY_AUTH_API_KEYS": json.dumps(KEYS),
        "BREVITY_MONGO_DATABASE": "operators",
        "BREVITY_HTTP_REQUEST_BURST": "100000",
        "BREVITY_TRAINER_MLFLOW_URL": "http://127.0.0.1:1",
    }
    return TestClient(build(load_settings(TrainerSettings, environ)), base_url="http://127.0.0.1")


def ask(door: TestClient, who: str, method: str, path: str, body: Any = None) -> Any:
    return door.request(method, path, json=body, headers={"X-API-Key": f"{who}-0123456789"})


def test_no_tenants_admin_decides_for_all(door: TestClient) -> None:
    job = ask(door, "default-admin", "POST", "/v1/train", {}).json()["job_id"]
    decisions = [
        ("POST", "/v1/models/extractive/promote", {"version": "1", "reason": "r"}),
        (
            "POST",
            "/v1/models/extractive/promote",
            {"version": "1", "reason": "r", "on_behalf_of": "default/admin"},
        ),
        ("POST", "/v1/models/extractive/rollback", {"reason": "r"}),
        ("POST", "/v1/models/extractive/compare", {"candidate": "1"}),
        ("GET", "/v1/models/extractive/versions/1/reference", None),
        ("DELETE", f"/v1/data/texts/{'0' * 64}", None),
        ("POST", "/v1/train", {}),
        ("POST", f"/v1/train/{job}/cancel", None),
        ("POST", f"/v1/train/{job}/retry", None),
    ]
    for method, path, body in decisions:
        for who in ("first-admin", "second-admin", "default-reader"):
            answer = ask(door, who, method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (who, path)
    assert ask(door, "default-admin", "GET", f"/v1/train/{job}").json()["state"] == "queued"


def test_a_job_is_seen_by_operators_and_by_the_tenant_that_asked_for_it(door: TestClient) -> None:
    theirs = ask(door, "default-admin", "POST", "/v1/train", {"detail": "of the platform"}).json()["job_id"]
    for who in ("first-reader", "first-admin"):
        assert ask(door, who, "GET", "/v1/train").json() == []
        for path in (f"/v1/train/{theirs}", f"/v1/train/{theirs}/events", "/v1/train/none"):
            assert ask(door, who, "GET", path).status_code == 404
        there, not_there = (ask(door, who, "GET", f"/v1/train/{name}").json() for name in (theirs, "none"))
        assert there["detail"].replace(theirs, "none") == not_there["detail"]
    for who in ("default-reader", "default-admin"):
        assert theirs in {job["job_id"] for job in ask(door, who, "GET", "/v1/train").json()}
    assert ask(door, "default-admin", "POST", f"/v1/train/{theirs}/cancel").json()["state"] == "cancelled"


def test_a_name_that_is_too_long_is_refused_and_no_failure(door: TestClient) -> None:
    body = {"version": "1", "reason": "r", "on_behalf_of": "x" * 200}
    assert ask(door, "default-admin", "POST", "/v1/models/extractive/promote", body).status_code == 422
