"""Services that are started before anything they need: they wait in plain words, and work when it is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from pathlib import Path

import httpx
import pytest
from deploy.local.java import free_port

from brevity.common.kafka.admin import apply_topics
from tests.support.stack import Stack, require_local_stack
from tests.support.topics import eventually

pytestmark = [pytest.mark.stack, pytest.mark.chaos_large, pytest.mark.timeout(800)]

MODULES = {
    "ingest": ["brevity.ingest"],
    "stage": ["brevity.summarize", "stage"],
    "feedback": ["brevity.feedback"],
}


@pytest.fixture
def processes() -> Generator[dict[str, subprocess.Popen[bytes]]]:
    started: dict[str, subprocess.Popen[bytes]] = {}
    yield started
    for process in started.values():
        process.terminate()
    for process in started.values():
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_services_come_up_in_any_order(tmp_path: Path, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    require_local_stack()
    stack = Stack(tmp_path / "data")
    ports = {name: free_port() for name in MODULES}
    for name, module in MODULES.items():
        with (tmp_path / f"{name}.log").open("wb") as out:
            processes[name] = subprocess.Popen(
                [sys.executable, "-m", *module],
                env={**_own(), **stack.environ(), "BREVITY_HTTP_PORT": str(ports[name])},
                stderr=out,
            )
    for name in MODULES:
        eventually(f"{name} listens", lambda port=ports[name]: _status(port, "/healthz") == 200, 300)
    try:
        for server in (stack.s3_server, stack.mongo_server, stack.kafka_server):  # each alone for a while
            server.start_seconds = 200.0
            server.start()
            server.wait_ready()
            time.sleep(2)
        apply_topics(stack.kafka)
        for name in ("ingest", "feedback"):
            eventually(f"{name} is ready", lambda port=ports[name]: _status(port, "/readyz") == 200, 200)
        sent = httpx.post(
            f"http://127.0.0.1:{ports['ingest']}/v1/documents",
            json={"document_id": "first", "text": "The ferry leaves the harbour at nine."},
            trust_env=False,
            timeout=90,
        )
        assert sent.status_code == 202, sent.text
        where = f"http://127.0.0.1:{ports['ingest']}/v1/documents/first"
        eventually(
            "it is accepted",
            lambda: httpx.get(where, trust_env=False, timeout=30).json().get("state") == "accepted",
            120,
        )
        for name, process in processes.items():
            said = (tmp_path / f"{name}.log").read_text()
            assert process.poll() is None, said[-2000:]
            assert "Traceback" not in said
            assert "exception" not in said, said[-3000:]
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(120)
        stack.stop()


def _status(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=5).status_code
    except httpx.TransportError:
        return 0


def _own() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
