"""Odd but possible requests, drawn for every operation of a service's own OpenAPI document; counts answers of 500 and above."""

from __future__ import annotations

import random
from typing import Any
from urllib.parse import quote

import httpx

ODD = (
    "", "0", "-1", "9" * 30, "1e400", "NaN", "null", "true", "\x00", "\ud83d", "%", "'", '"', "[/x]", "../..", "$where", "{}", "[]",
    "[" * 5_000, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "a" * 4_000, "\u202ed", "e\u0301" * 200,
    "eyJhIjogMX0", "W1tbW1tbW10=", "desc", "default", "extractive",
)  # fmt: skip
_BODIES = (b"", b"{}", b"[]", b"null", b'"x"', b"{", b'{"text": null}', b'{"rating": "sideways"}', b"\xff\xfe", b'{"a":' * 2_000,
           b'{"text": "\\ud800"}', b'{"since": "0001-01-01T00:00:00+14:00"}', b'{"document_id": "\\u0000", "text": "t"}')  # fmt: skip


def server_errors(client: httpx.Client, *, rounds: int, seed: int) -> tuple[int, list[str]]:
    """Requests made, and those that were answered by a server error."""
    rng = random.Random(seed)
    paths: dict[str, Any] = client.get("/openapi.json").raise_for_status().json()["paths"]
    made, failed = 0, list[str]()
    for _ in range(rounds):
        for path, operations in paths.items():
            for method, operation in operations.items():
                if method not in ("get", "post", "put", "patch", "delete") or "events" in path:
                    continue
                url, query = _filled(rng, path, operation)
                body = rng.choice(_BODIES) if "requestBody" in operation else b""
                try:
                    answer = client.request(
                        method, f"{url}{query}", content=body, headers={"Content-Type": "application/json"}
                    )
                except (httpx.InvalidURL, httpx.ReadTimeout):
                    continue
                made += 1
                if answer.status_code >= 500:
                    failed.append(f"{answer.status_code} {method} {url}{query}"[:300])
    return made, failed


def _filled(rng: random.Random, path: str, operation: dict[str, Any]) -> tuple[str, str]:
    query: list[str] = []
    for parameter in operation.get("parameters", ()):
        value = quote(rng.choice(ODD).encode("utf-8", "surrogatepass"), safe="")
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", value or "x")
        elif parameter["in"] == "query" and rng.random() < 0.6:
            query.append(f"{parameter['name']}={value}")
    return path, "?" + "&".join(query) if query else ""
