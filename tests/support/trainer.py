"""Stores, requests and rows for tests of the trainer."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from brevity.common.settings import MongoSettings
from brevity.trainer.data.rows import Row, row
from brevity.trainer.jobs.model import Job
from brevity.trainer.mongo import Store
from tests.support.data import real_rows
from tests.support.stack import Stack

SCRIPTED = (sys.executable, "-m", "tests.support.scripted_job")


def fresh_store(stack: Stack, **settings_of_store: Any) -> Store:
    """A database of one's own, prepared."""
    settings: MongoSettings = stack.mongo.model_copy(
        update={"database": f"trainer_{uuid.uuid4().hex[:8]}", **settings_of_store}
    )
    store = Store(settings)
    store.prepare()
    return store


def job(
    name: str, *, model: str = "m", script: list[tuple[str, Any]] | None = None, attempts: int = 2
) -> Job:
    """A waiting job whose scripted process does `script`."""
    now = datetime.now(UTC)
    return Job(
        job_id=name,
        model=model,
        engine="extractive",
        reason="person",
        parameters={"script": script or []},
        requested_at=now,
        updated_at=now,
        attempts_allowed=attempts,
    )


def real(name: str, split: str, limit: int) -> list[Row]:
    """Rows of a real data set."""
    return [
        row(
            set_name=name,
            text=item["text"],
            summary=item["summary"],
            language=item["language"],
            origin="file",
            licence=item["licence"],
            source=item["source"],
        )
        for item in real_rows(name, split, limit)
    ]


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Poll until `condition` gives something true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found
