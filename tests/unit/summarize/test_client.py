"""What a call tells the replicas beside its jobs."""

from __future__ import annotations

import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from brevity.summarize.engines.port import Job
from brevity.summarize.serving.client import ServeClient, connect
from brevity.summarize.serving.wire import BEHIND_HEADER, load_behind
from brevity.summarize.settings import SummarizeSettings

JOBS = [Job("A text.", "en", 30)] * 10


class Door(ThreadingHTTPServer):
    """Answers each call with nothing once `open` is set, and keeps what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Call)
        self.told: list[tuple[str, int] | None] = []
        self.came, self.open = threading.Semaphore(0), threading.Event()


class Call(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Door)
        self.rfile.read(int(self.headers["content-length"]))
        self.server.told.append(load_behind(self.headers.get(BEHIND_HEADER, "")))
        self.server.came.release()
        self.server.open.wait(20)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def door() -> Generator[Door]:
    with Door() as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.05,))
        thread.start()
        yield door
        door.open.set()
        door.shutdown()
        thread.join()


def client(door: Door, unfinished: int) -> ServeClient:
    return ServeClient(
        *("127.0.0.1", door.server_port),
        token=None,
        engine_seconds=5,
        connections=4,
        unfinished=lambda: unfinished,
    )


def told(door: Door) -> list[int]:
    assert all(door.told)
    return [said[1] for said in door.told if said]


def test_a_call_says_how_many_documents_nobody_asks_for_yet(door: Door) -> None:
    asking = client(door, 100)
    with ThreadPoolExecutor(3) as pool:
        calls = []
        for _ in range(3):
            calls.append(pool.submit(asking.summarize, JOBS))
            assert door.came.acquire(timeout=10)
        door.open.set()
        for call in calls:
            call.result()
    asking.summarize(JOBS)
    assert told(door) == [90, 80, 70, 90]
    assert len({said[0] for said in door.told if said}) == 1


def test_it_is_never_less_than_none(door: Door) -> None:
    """What is unfinished is known some seconds late."""
    door.open.set()
    client(door, 3).summarize(JOBS)
    assert told(door) == [0]


def test_each_client_has_a_name_of_its_own(door: Door) -> None:
    door.open.set()
    client(door, 0).summarize(JOBS)
    client(door, 0).summarize(JOBS)
    assert len({said[0] for said in door.told if said}) == 2


def test_the_stages_own_client_says_what_the_stage_has(door: Door) -> None:
    door.open.set()
    settings = SummarizeSettings.model_validate({"summarize": {"serve_port": door.server_port}})
    connect(settings, threads=1, unfinished=lambda: 25).summarize(JOBS)
    assert told(door) == [15]
