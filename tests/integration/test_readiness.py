"""Real services without one of the things they need: what `/readyz` says of it, and what can be had all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

NOWHERE = "127.0.0.1:1"


@dataclass(frozen=True)
class Case:
    """A service whose `away` is at an address where nothing listens."""

    service: str
    away: dict[str, str]
    status: int
    failing: list[str]
    degraded: list[str]
    reason: str
    ask: str
    answer: int


CASES = {
    "feedback without Kafka": Case(
        "feedback",
        {"BREVITY_KAFKA_BOOTSTRAP_SERVERS": NOWHERE},
        200,
        [],
        ["kafka", "outcomes"],
        "stops new summaries",
        "/v1/summaries",
        200,
    ),
    "feedback without the object store": Case(
        "feedback",
        {"BREVITY_S3_ENDPOINT_URL": f"http://{NOWHERE}"},
        200,
        [],
        ["object_store"],
        "stops sources of long documents",
        "/v1/summaries",
        200,
    ),
    "feedback without its store": Case(
        "feedback",
        {"BREVITY_MONGO_URL": f"mongodb://{NOWHERE}", "BREVITY_MONGO_TIMEOUT_SECONDS": "1"},
        503,
        ["mongo"],
        ["outcomes"],
        "MongoDB does not answer",
        "/v1/summaries",
        503,
    ),
    "trainer without MLflow": Case(
        "trainer",
        {"BREVITY_TRAINER_MLFLOW_URL": f"http://{NOWHERE}"},
        503,
        ["start"],
        ["events", "mlflow"],
        "has not started yet",
        "/v1/train",
        200,
    ),
}


@pytest.fixture(scope="module")
def addresses(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, str]]:
    """All of the cases at once, each where it answers."""
    folder: Path = tmp_path_factory.mktemp("readiness")
    started: list[subprocess.Popen[bytes]] = []
    found: dict[str, str] = {}
    try:
        for name, case in CASES.items():
            port = str(stack.free_port())
            found[name] = f"http://127.0.0.1:{port}"
            environ = {
                **{key: value for key, value in os.environ.items() if not key.startswith("BREVITY_")},
                **stack.environ(),
                "BREVITY_MODE": "local",
                "BREVITY_MONGO_DATABASE": f"ready_{uuid.uuid4().hex[:8]}",
                "BREVITY_HTTP_PORT": port,
                **case.away,
            }
            with (folder / f"{len(started)}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [sys.executable, "-m", f"brevity.{case.service}"],
                        env=environ,
                        stdout=log,
                        stderr=log,
                    )
                )
        yield found
        for process in started:
            process.terminate()
        for process in started:
            assert process.wait(60) == 0
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.mark.parametrize("name", CASES)
def test_readiness_names_what_is_away_and_nothing_else(addresses: dict[str, str], name: str) -> None:
    case, address = CASES[name], addresses[name]

    def told() -> bool:
        return read(address) == (case.status, case.failing, case.degraded)

    eventually(name, told, 200)  # four processes start at once
    reasons = httpx.get(f"{address}/readyz", trust_env=False, timeout=30).json()["reasons"]
    assert any(case.reason in reason for reason in reasons.values()), reasons
    assert httpx.get(f"{address}/healthz", trust_env=False, timeout=30).status_code == 200
    assert httpx.get(f"{address}{case.ask}", trust_env=False, timeout=30).status_code == case.answer


def read(address: str) -> tuple[int, list[str], list[str]]:
    try:
        answer = httpx.get(f"{address}/readyz", trust_env=False, timeout=30)
    except httpx.TransportError:
        return 0, [], []
    told: dict[str, Any] = answer.json()
    return answer.status_code, told["failing"], told.get("degraded", [])
