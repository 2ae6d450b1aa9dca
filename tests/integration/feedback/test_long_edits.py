"""A correction that rewrites the longest summary: kept and shown in a moment, and nobody waits for it."""

from __future__ import annotations

import threading
import time
import uuid

import httpx
import pytest

from tests.support.feedback import completed
from tests.support.feedback_service import FeedbackService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

WORDS = 20_000
BEFORE = " ".join(f"{number:x}" for number in range(WORDS))
AFTER = " ".join(f"{number:x}" for number in range(WORDS, 0, -1))
MOST_SECONDS = 5.0
"""Tenths of a second on a machine that does nothing else."""


async def test_a_rewritten_summary_of_20_000_words_holds_nobody_up(service: FeedbackService) -> None:
    name = f"long-{uuid.uuid4().hex[:8]}"
    summary = completed(name, summary=BEFORE)
    await service.fill([summary])
    place, slowest, done = f"/v1/summaries/{summary.summary_id}/feedback", [0.0], threading.Event()

    def probe() -> None:
        with httpx.Client(base_url=service.address, trust_env=False, timeout=30) as client:
            while not done.is_set():
                began = time.perf_counter()
                assert client.get("/healthz").status_code == 200
                slowest[0] = max(slowest[0], time.perf_counter() - began)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        with service.as_("anna") as anna:
            took: list[float] = []
            for edited in (AFTER, AFTER[::-1], AFTER.upper()):
                began = time.perf_counter()
                answer = anna.post(place, json={"edited_summary": edited})
                assert answer.status_code == 201, answer.text
                took.append(time.perf_counter() - began)
            began = time.perf_counter()
            page = anna.get(f"/summaries/{summary.summary_id}")
            assert page.status_code == 200
            took.append(time.perf_counter() - began)
    finally:
        done.set()
        thread.join()
    assert max(took) < MOST_SECONDS, took
    assert slowest[0] < 1.0, slowest
