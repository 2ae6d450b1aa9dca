"""A door that somebody wants shut: on a real socket, its probes answer and its memory stays bounded."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.common import json_cost
from brevity.common.errors import Rejected
from brevity.common.http import bodies, connections
from brevity.common.http.server import BackgroundServer
from brevity.common.json_cost import check_values
from tests.support.hostile import json_bodies
from tests.unit.common.door_process import KEY, make_door

SENDER = {"Authorization": f"Bearer {KEY}"}
MODULE = [sys.executable, "-m", "tests.unit.common.door_process"]


@pytest.fixture
def door() -> Iterator[int]:
    with BackgroundServer(make_door(), "127.0.0.1", 0) as server:
        yield server.port


@pytest.fixture(scope="module")
def own_door() -> Iterator[int]:
    """A door in a process of its own, so that its memory can be told."""
    with subprocess.Popen([*MODULE, "door", "0.5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = int(process.stdout.readline())
        peak(port)  # loads what every request needs
        yield port
        process.stdin.close()


def peak(port: int, *, forget: bool = False) -> int:
    """The largest memory that the door's process had; `forget` for that which it has now, to be compared with."""
    query = {"forget": forget}
    return httpx.get(f"http://127.0.0.1:{port}/v1/peak", params=query, headers=SENDER, timeout=20).json()


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
def test_a_head_without_end_is_refused_and_kept_nowhere(own_door: int, head: bytes) -> None:
    before = peak(own_door, forget=True)
    with connect(own_door) as endless:
        with contextlib.suppress(OSError):
            endless.sendall((b"GET /v1/take HTTP/1.1\r\n" if head[:1] != b"/" else b"GET ") + head)
        assert status(endless) in ("431", "400", "closed")
    assert peak(own_door) - before < 8 << 20


def test_requests_ahead_of_their_answers_are_bounded(own_door: int) -> None:
    before = peak(own_door, forget=True)
    requests = b"GET /v1/take HTTP/1.1\r\n\r\n" * 500_000
    with connect(own_door) as eager:
        with contextlib.suppress(OSError):
            eager.sendall(requests)
        assert status(eager) in ("400", "401", "closed")
    assert peak(own_door) - before < 8 << 20


def test_unfinished_uploads_share_a_room_and_leave_half_of_it_to_others(own_door: int) -> None:
    size = 7 << 20
    before = peak(own_door, forget=True)
    uploads = [connect(own_door) for _ in range(12)]
    try:
        for upload in uploads:
            threading.Thread(
                target=_send, args=(upload, begin("/v1/take", size), size - 10), daemon=True
            ).start()
        answers = [_quick_status(upload) for upload in uploads]
        assert answers.count("503") == 11  # half of 16 MiB for one caller: one of 7 MiB
        assert peak(own_door) - before < 32 << 20
        with connect(own_door) as other:
            other.sendall(begin("/v1/take", 1 << 20, f"{KEY}-of-another") + b" " * (1 << 20))
            assert status(other) == "200"
    finally:
        for upload in uploads:
            upload.close()
    answer = httpx.post(
        f"http://127.0.0.1:{own_door}/v1/take", content=b" " * size, headers=SENDER, timeout=20
    )
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


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a fresh process said to each body and how far it grew, smaller bodies first: a peak is never taken back."""
    folder = tmp_path_factory.mktemp("bodies")
    for name, body in json_bodies().items():
        (folder / name).write_bytes(body)
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_size)
    run = subprocess.run([*MODULE, "json", *map(str, files)], capture_output=True, check=True, text=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", list(json_bodies()))
def test_json_that_is_dear_to_parse_is_told_before(name: str, checked: dict[str, dict[str, Any]]) -> None:
    said = checked[name]["said"]
    if name == "escapes":
        assert said == ""
    elif name == "deep lists":
        assert said
    else:
        assert said == "too_many_values"
    assert checked[name]["grown"] < 8 << 20


def test_commas_and_brackets_in_a_text_are_not_values() -> None:
    check_values(b'{"text": "' + b'a, [b] {c} \\" ' * 100_000 + b'"}')


_STRINGS = st.text('a,[{"\\\n', max_size=6)


@given(
    st.recursive(_STRINGS, lambda inner: st.lists(inner) | st.dictionaries(_STRINGS, inner)),
    st.integers(1, 9),
)
def test_values_are_counted_wherever_a_piece_ends(value: Any, piece: int) -> None:
    counted = _strings_and_marks(value)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_cost, "_PIECE", piece)
        check_values(json.dumps(value).encode(), counted)
        for most in range(counted // 2):
            with pytest.raises(Rejected):
                check_values(json.dumps(value).encode(), most)


def _strings_and_marks(value: Any) -> int:
    """Strings, commas and opening brackets of `value` as JSON."""
    if isinstance(value, str):
        return 1
    items = [*value, *value.values()] if isinstance(value, dict) else value
    return 1 + max(0, len(value) - 1) + sum(map(_strings_and_marks, items))


def test_the_door_refuses_json_of_many_values(door: int) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{door}/v1/take",
        content=b"[" + b"0," * 1_000_000 + b"0]",
        headers=SENDER,
        timeout=20,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_values")
