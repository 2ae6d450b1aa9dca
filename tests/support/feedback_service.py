"""A feedback process of one's own, with keys for every role of two tenants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

import httpx
from pymongo import AsyncMongoClient

from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.model import PipelineEvent
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.settings import FeedbackBlock
from tests.support.stack import Stack
from tests.support.topics import eventually

KEYS = {
    f"{tenant}-{name}-0123456789": {"tenant": tenant, "role": role, "name": name}
    for tenant in ("first", "second")
    for name, role in (("rita", "reader"), ("anna", "reviewer"), ("ben", "reviewer"), ("ada", "admin"))
}


class FeedbackService:
    """Where the process listens and where it keeps things."""

    def __init__(self, stack: Stack, port: int, database: str) -> None:
        self.stack = stack
        self.port = port
        self.mongo: MongoSettings = stack.mongo.model_copy(update={"database": database})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")},
            **self.stack.environ(),
            "BREVITY_MODE": "production",
            "BREVITY_AUTH_API_KEYS": json.dumps(KEYS),
            "BREVITY_MONGO_DATABASE": self.mongo.database,
            "BREVITY_HTTP_PORT": str(self.port),
            "BREVITY_HTTP_REQUEST_BURST": "100000",
            "BREVITY_FEEDBACK_LIVE_POLL_SECONDS": "0.1",
            "BREVITY_FEEDBACK_LIVE_HEARTBEAT_SECONDS": "0.5",
            **(extra or {}),
        }

    def as_(self, name: str, tenant: str = "first") -> httpx.Client:
        """A client with that person's key: rita reads, anna and ben review, ada administers."""
        return httpx.Client(
            base_url=self.address,
            headers={"X-API-Key": f"{tenant}-{name}-0123456789"},
            trust_env=False,
            timeout=20,
        )

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/readyz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    async def fill(self, events: Sequence[PipelineEvent]) -> None:
        """Put events where the service's consumer would have put them."""
        client: AsyncMongoClient = async_mongo_client(self.mongo)
        await MongoRepository(client, self.mongo.database, FeedbackBlock()).save(events)
        await client.close()


def planned(stack: Stack) -> FeedbackService:
    """A service that is not running yet."""
    return FeedbackService(stack, stack.free_port(), f"feedback_{uuid.uuid4().hex[:8]}")


@contextmanager
def running(service: FeedbackService, extra: Mapping[str, str] | None = None) -> Generator[FeedbackService]:
    """The process, ready; on the way out it must end by itself, with status 0."""
    process = subprocess.Popen([sys.executable, "-m", "brevity.feedback"], env=service.environ(extra))
    try:
        eventually("the service is ready", lambda: _ready(service, process), 60)
        yield service
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()


def _ready(service: FeedbackService, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the service has ended"
    return service.ready()
