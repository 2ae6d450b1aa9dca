"""The smoke test that decides whether a deployment stays, against the real platform."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.platform import Platform

SCRIPT = Path(__file__).resolve().parents[2] / "deploy/aws/smoke.py"

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]


def _smoke(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "SMOKE_API_KEY": "any-key-in-local-mode", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.chaos_large
def test_a_working_deployment_passes(platform: Platform) -> None:
    address = {name: f"http://127.0.0.1:{platform.services[name].port}" for name in ("ingest", "feedback")}
    done = _smoke(SMOKE_URL=address["ingest"], SMOKE_FEEDBACK_URL=address["feedback"])
    assert done.returncode == 0, done.stderr
    assert "was summarized by" in done.stdout


def test_one_that_does_not_answer_fails_and_says_what_was_asked(platform: Platform) -> None:
    done = _smoke(SMOKE_URL=f"http://127.0.0.1:{platform.services['serve'].port}", SMOKE_SECONDS="3")
    assert done.returncode == 1
    assert "answers 404" in done.stderr


def test_one_without_an_address_fails_at_once() -> None:
    done = _smoke(SMOKE_URL="")
    assert done.returncode == 1
    assert "set SMOKE_URL" in done.stderr
