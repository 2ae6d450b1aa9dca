"""A door that somebody wants shut: on a real socket, its probes answer and its memory stays bounded."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from brevity.common.errors import Rejected
from brevity.common.http import bodies, connections
from brevity.common.http.app import create_app
from brevity.common.http.server import BackgroundServer
from brevity.common.json_cost import check_values
from brevity.common.settings import AuthSettings, HttpSettings
from tests.support.hostile import json_bodies
from tests.support.memory import peak_bytes

KEY = "a-key-of-many-characters"
SENDER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def door() -> Iterator[int]:
    app = create_app(
        "attacked",
        title="attacked",
        mode="production",
        http=HttpSettings(max_body_bytes=8 << 20, max_body_bytes_of_all=16 << 20, request_burst=1_000),
        auth=AuthSettings(api_keys=SecretStr(f'{{"{KEY}": "tenant", "{KEY}-of-another": "other"}}')),
        registry=CollectorRegistry(),
    )

    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    async def keep(request: Request) -> dict[str, int]:
        async with request.form() as form:
            return {"fields": len(form)}

    _routes(app, take, keep)
    with BackgroundServer(app, "127.0.0.1", 0) as server:
        yield server.port


def _routes(app: FastAPI, take: Any, keep: Any) -> None:
    app.add_api_route("/v1/take", take, methods=["POST"])
    app.add_api_route("/v1/keep", keep, methods=["POST"])


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def status(connection: socket.socket) -> str:
    """The status of the answer, or "closed"."""
    with contextlib.suppress(OSError):
        line = connection.recv(65_536).split(b"\r\n")[0].decode()
        return line.split(" ")[1] if line else "closed"
    return "closed"


def alive(port: int) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200


def begin(path: str, length: int, key: str = KEY, kind: str = "application/json") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_silent_connections_make_room_for_others(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 50)
    door: int = request.getfixturevalue("door")
    with contextlib.ExitStack() as silent:
        for _ in range(300):
            silent.enter_context(connect(door))
        assert alive(door)


def test_a_head_that_drips_has_an_end(door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    with connect(door) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\n")
        began = time.monotonic()
        with contextlib.suppress(OSError):
            for i in range(200):
                slow.sendall(b"X-%d: y\r\n" % i)
                time.sleep(0.1)
        assert time.monotonic() - began < 15
        assert status(slow) == "closed"


@pytest.mark.parametrize("head", [b"X: " + b"y" * 30_000_000, b"a:\r\n" * 2_000_000, b"/" * 5_000_000])
def test_a_head_without_end_is_refused_and_kept_nowhere(door: int, head: bytes) -> None:
    assert alive(door)
    before = peak_bytes()
    with connect(door) as endless:
        with contextlib.suppress(OSError):
            endless.sendall((b"GET /v1/take HTTP/1.1\r\n" if head[:1] != b"/" else b"GET ") + head)
        assert status(endless) in ("431", "400", "closed")
    assert peak_bytes() - before < 64 << 20
    assert alive(door)


def test_requests_ahead_of_their_answers_are_bounded(door: int) -> None:
    assert alive(door)
    before = peak_bytes()
    requests = b"GET /v1/take HTTP/1.1\r\n\r\n" * 500_000
    with connect(door) as eager:
        with contextlib.suppress(OSError):
            eager.sendall(requests)
        assert status(eager) in ("400", "401", "closed")
    assert peak_bytes() - before < 64 << 20


def test_unfinished_uploads_share_a_room_and_leave_half_of_it_to_others(
    door: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "WAIT_SECONDS", 0.5)
    size = 7 << 20
    alive(door)
    before = peak_bytes()
    uploads = [connect(door) for _ in range(12)]
    try:
        for upload in uploads:
            threading.Thread(
                target=_send, args=(upload, begin("/v1/take", size), size - 10), daemon=True
            ).start()
        answers = [_quick_status(upload) for upload in uploads]
        assert answers.count("503") == 11  # half of 16 MiB for one caller: one of 7 MiB
        assert peak_bytes() - before < 128 << 20
        with connect(door) as other:
            other.sendall(begin("/v1/take", 1 << 20, f"{KEY}-of-another") + b" " * (1 << 20))
            assert status(other) == "200"
    finally:
        for upload in uploads:
            upload.close()
    answer = httpx.post(f"http://127.0.0.1:{door}/v1/take", content=b" " * size, headers=SENDER, timeout=20)
    assert answer.json() == {"size": size}  # the room is free again


def _send(connection: socket.socket, head: bytes, size: int) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(head)
        connection.sendall(b" " * size)


def _quick_status(connection: socket.socket) -> str:
    connection.settimeout(3)
    return status(connection)


def test_a_body_that_drips_has_an_end(door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "FIRST_SECONDS", 0.5)
    for path, kind in (("/v1/take", "application/json"), ("/v1/keep", "multipart/form-data; boundary=b")):
        with connect(door) as slow:
            slow.sendall(begin(path, 1_000_000, kind=kind) + b"--b\r\n")
            assert status(slow) == "408"


def test_nothing_of_a_body_is_read_before_the_key(door: int) -> None:
    with connect(door) as stranger:
        stranger.sendall(begin("/v1/take", 5_000_000, "not-a-key-of-this-door"))
        assert status(stranger) == "401"


@pytest.mark.parametrize("name", list(json_bodies()))
def test_json_that_is_dear_to_parse_is_told_before(name: str) -> None:
    body = json_bodies()[name]
    before = peak_bytes()
    if name in ("escapes", "deep lists"):
        if name == "escapes":
            check_values(body)
        else:
            with pytest.raises(Rejected):
                check_values(body)
    else:
        with pytest.raises(Rejected) as caught:
            check_values(body)
        assert caught.value.code == "too_many_values"
    assert peak_bytes() - before < 64 << 20


def test_commas_and_brackets_in_a_text_are_not_values() -> None:
    check_values(b'{"text": "' + b'a, [b] {c} \\" ' * 100_000 + b'"}')


def test_the_door_refuses_json_of_many_values(door: int) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{door}/v1/take",
        content=b"[" + b"0," * 1_000_000 + b"0]",
        headers=SENDER,
        timeout=20,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_values")
