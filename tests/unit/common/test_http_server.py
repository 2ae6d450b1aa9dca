"""The server under a door: real sockets, clear errors, and an end that loses no request."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from brevity.common.errors import Fatal
from brevity.common.http.server import USUAL_PORTS, BackgroundServer, port_of
from brevity.common.settings import HttpSettings

HOST = "127.0.0.1"


def slow_app(arrived: threading.Event | None = None, seconds: float = 0.0) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def answer() -> str:
        if arrived is not None:
            arrived.set()
        time.sleep(seconds)
        return "done"

    return app


def test_a_service_has_a_usual_port_and_takes_the_one_that_is_set() -> None:
    assert port_of(HttpSettings(), "ingest") == USUAL_PORTS["ingest"]
    assert port_of(HttpSettings(port=9_999), "ingest") == 9_999
    assert len(set(USUAL_PORTS.values())) == len(USUAL_PORTS)


def test_a_background_server_answers_from_start_to_stop() -> None:
    with BackgroundServer(slow_app(), HOST, 0) as server:
        address = f"http://{HOST}:{server.port}/"
        assert httpx.get(address, trust_env=False).json() == "done"
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_stopping_waits_for_the_request_at_hand() -> None:
    arrived, answers = threading.Event(), list[str]()
    server = BackgroundServer(slow_app(arrived, 0.5), HOST, 0)
    server.start()
    address = f"http://{HOST}:{server.port}/"
    asking = threading.Thread(
        target=lambda: answers.append(httpx.get(address, trust_env=False, timeout=30).json())
    )
    asking.start()
    assert arrived.wait(30)
    server.stop()
    asking.join(30)
    assert answers == ["done"]


def test_a_taken_port_is_named() -> None:
    with BackgroundServer(slow_app(), HOST, 0) as first:
        port = first.port
        with pytest.raises(Fatal) as caught:
            BackgroundServer(slow_app(), HOST, port)
    assert caught.value.code == "cannot_listen"
    assert f"{HOST}:{port}" in caught.value.message
    assert "BREVITY_HTTP_PORT" in caught.value.remedy


def test_an_application_that_cannot_start_is_an_error_and_not_a_hang() -> None:
    @asynccontextmanager
    async def broken(app: FastAPI) -> AsyncGenerator[None]:
        raise RuntimeError("no")
        yield

    server = BackgroundServer(FastAPI(lifespan=broken), HOST, 0)
    with pytest.raises(Fatal) as caught:
        server.start()
    server.stop()
    assert caught.value.code == "http_start"


_PROGRAM = """
import sys, time
from fastapi import FastAPI
from brevity.common.http.server import run_server
app = FastAPI()
@app.get("/")
def answer():
    print("arrived", flush=True)
    time.sleep(0.5)
    return "done"
run_server(app, "127.0.0.1", int(sys.argv[1]))
print("ended", flush=True)
time.sleep(0.3)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_is_asked_to_stop_finishes_the_request_and_exits_with_0(number: int) -> None:
    with BackgroundServer(slow_app(), HOST, 0) as taken:
        port = taken.port
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(port)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None
    answers: list[str] = []
    try:
        asking = threading.Thread(target=lambda: answers.append(_patiently(f"http://{HOST}:{port}/")))
        asking.start()
        assert process.stdout.readline() == "arrived\n"
        process.send_signal(number)
        assert process.stdout.readline() == "ended\n"
        process.send_signal(number)  # an impatient supervisor
        assert process.wait(60) == 0
        asking.join(60)
        assert answers == ["done"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _patiently(address: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(address, trust_env=False, timeout=60).json()
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
