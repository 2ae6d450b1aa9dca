"""Requests that schemathesis draws from a service's OpenAPI document, and the server errors among the answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.stack import Stack
from tests.support.topics import eventually

COMMAND = Path(sys.executable).parent / "schemathesis"
ENDLESS = ("/v1/events", "/v1/train/{job_id}/events")
"""Streams do not end, and would hold up what is drawn after them."""


@dataclass(slots=True)
class Answers:
    """How many requests were made, and those that the service failed to answer."""

    made: int = 0
    failed: list[str] = field(default_factory=list[str])

    def add(self, other: Answers) -> None:
        self.made += other.made
        self.failed += other.failed


def drawn(
    address: str,
    folder: Path,
    *,
    described: Mapping[str, Any] | None = None,
    key: str | None = None,
    examples: int,
    seed: int = 1,
) -> Answers:
    """Draw `examples` requests for every operation, some that fit the description and some that do not.

    Args:
        folder: For what schemathesis writes; one of its own for each call.
        described: The OpenAPI document to draw from; the service's own when absent.
        key: API key to ask with.
    """
    headers = {} if key is None else {"X-API-Key": key}
    if described is None:
        answer = httpx.get(f"{address}/openapi.json", headers=headers, trust_env=False)
        described = answer.raise_for_status().json()
    folder.mkdir(parents=True, exist_ok=True)
    document, told = folder / "openapi.json", folder / "requests.har"
    document.write_text(json.dumps(described))
    done = subprocess.run(
        [
            str(COMMAND), "run", str(document), "--url", address, "--checks", "not_a_server_error",
            "--phases", "fuzzing", "--max-examples", str(examples), "--seed", str(seed), "--no-shrink",
            "--continue-on-failure", "--generation-with-security-parameters", "false",
            "--request-timeout", "20", "--max-redirects", "0", "--suppress-health-check", "all",
            *(part for path in ENDLESS for part in ("--exclude-path", path)),
            *(part for name, value in headers.items() for part in ("-H", f"{name}:{value}")),
            "--report", "har", "--report-har-path", str(told),
        ],
        cwd=folder, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert told.exists(), done.stdout + done.stderr
    answers = Answers()
    for entry in json.loads(told.read_text())["log"]["entries"]:
        answers.made += 1
        status = entry["response"]["status"]
        if not 200 <= status < 500:  # 0: no answer at all
            request = entry["request"]
            body = request.get("postData", {}).get("text", "")[:200]
            answers.failed.append(f"{status} {request['method']} {request['url'][:300]} {body}")
    assert answers.made, done.stdout + done.stderr
    return answers


@contextmanager
def running(stack: Stack, *command: str, log: Path) -> Generator[str]:
    """A service's process in local mode (`python -m COMMAND`), and the address of its door once that is open."""
    port = stack.free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")},
        **stack.environ(),
        "BREVITY_HTTP_PORT": str(port),
        "BREVITY_HTTP_REQUEST_BURST": "100000",
    }
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", *command], env=environ, stdout=out, stderr=out)
    address = f"http://127.0.0.1:{port}"

    def is_open() -> bool:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            return httpx.get(f"{address}/healthz", trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        eventually("the door is open", is_open, 60)
        yield address
    finally:
        process.kill()
        process.wait()


def _form(*fields: str, many: str | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = {name: {"type": "string"} for name in fields}
    if many is not None:
        properties[many] = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": properties}
    content = {
        kind: {"schema": schema} for kind in ("application/x-www-form-urlencoded", "multipart/form-data")
    }
    return {"requestBody": {"content": content}}


def _query(*names: str) -> dict[str, Any]:
    return {"parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]}


def _described(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    parts = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    places = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parts]
    asked = [*places, *operation.get("parameters", ())]
    return {method: {**operation, "parameters": asked, "responses": {"200": {"description": "A page."}}}}


PAGES: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pages of feedback", "version": "1"},
    "paths": {
        "/": _described("/", "get", _query("cursor", "since", "until", "language", "rating", "text", "document_id")),
        "/watch": _described("/watch", "get", _query("id", "after")),
        "/models": _described("/models", "get", _query("at")),
        "/quality": _described("/quality", "get", _query("engine", "model_version", "since", "until")),
        "/compare": _described("/compare", "post", _form("one", "other", "better")),
        "/compared": _described("/compared", "get", _query("better", "worse")),
        "/submit": _described("/submit", "post", _form("text", "title", "words", "length", "style", "engine")),
        "/login": _described("/login", "post", _form("key", "next")),
        **{
            path: _described(path, method, operation)
            for path, method, operation in (
                ("/summaries/{summary_id}", "get", _query("source")),
                ("/summaries/{summary_id}/rate", "post", _form("rating", "comment", many="reasons")),
                ("/summaries/{summary_id}/edit", "post", _form("edited_summary")),
                ("/summaries/{summary_id}/resummarize", "post", _form("words", "length", "style", "engine", "same")),
                ("/models/{model}/{version}", "get", _query("done")),
                ("/models/{model}/{version}/promote", "post", _form("reason", "mode", "percent")),
                ("/models/{model}/rollback", "post", _form("reason")),
            )
        },
    },
}  # fmt: skip
"""Feedback's pages and forms, which its own document leaves out."""
