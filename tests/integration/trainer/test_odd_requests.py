"""Odd but possible requests at the trainer's door: none is answered by a server error."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.support.odd_requests import drawn
from tests.support.trainer_service import TrainerService

pytestmark = pytest.mark.stack

NAMES = (b"a%22", b"a'", b"%00", b"%ff", b"%ED%A0%80", b"a%2Fb", b"a" * 300, b"%25", b"%5C", b"9" * 30)


def test_no_request_makes_it_fail(trainer: TrainerService, tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{trainer.port}"
    failed: list[str] = []
    with trainer.running():
        for name in NAMES:
            for path in (b"/v1/models/%s/versions/1", b"/v1/models/extractive/versions/%s", b"/v1/train/%s",
                         b"/v1/models/%s/promotions", b"/v1/train?model=%s", b"/v1/train?limit=%s"):  # fmt: skip
                url = httpx.URL(address).copy_with(raw_path=path.replace(b"%s", name))
                answer = httpx.get(url, trust_env=False, timeout=20)
                if answer.status_code >= 500:
                    failed.append(f"{answer.status_code} {url} {answer.text}")
        failed += drawn(address, tmp_path / "drawn", examples=3).failed
    assert failed == []
