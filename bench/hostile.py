"""What hostile input costs: every case of tests.support.hostile, alone in a process of its own, beside a door that is asked.

Each document goes through what ingest does with it (its event, reading, normalising, language, words), while another
thread asks a real HTTP door of the same process whether it is alive. Time is the processor time of the process and of
its readers, which other work on the machine hardly changes; memory is the growth of both over an idle process.
`python -m bench.hostile`; QUICK=1 takes the smaller half of the documents.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

import httpx
import psutil
import structlog
from prometheus_client import CollectorRegistry
from tests.support.hostile import HOSTILE, Case, json_bodies
from tests.support.memory import peak_bytes

from bench.report import QUICK, finish, show
from brevity.common.errors import BrevityError
from brevity.common.events import DocumentSubmitted, decode
from brevity.common.http.app import create_app
from brevity.common.http.server import BackgroundServer
from brevity.common.kafka.record import Record
from brevity.common.settings import AuthSettings, HttpSettings
from brevity.documents import read
from brevity.documents.confined.readers import shared_readers
from brevity.nlp.language import detect_language
from brevity.nlp.words import count_words

_ASK_SECONDS = 0.05
_QUICK_BYTES = 2_000_000


class Cost(NamedTuple):
    """Of one hostile input: bytes, processor and wall seconds, MB over idle, longest answer of a probe, how it ended."""

    name: str
    size: int
    seconds: float
    wall_seconds: float
    megabytes: float
    probe_seconds: float
    outcome: str
    clear: bool


def costs(names: Collection[str] = ()) -> list[Cost]:
    """The cost of the named cases (none: of every case), each measured in a fresh process."""
    cases: list[tuple[str, bool]] = [(case.name, False) for case in HOSTILE] + [
        (name, True) for name in json_bodies()
    ]
    cases = [case for case in cases if not names or case[0] in names]
    context = multiprocessing.get_context("spawn")
    found: list[Cost] = []
    for name, is_json in cases:
        with context.Pool(1) as pool:
            cost = pool.apply(_measure, (name, is_json))
        if cost is not None:
            found.append(cost)
    return found


def _measure(name: str, is_json: bool) -> Cost | None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if is_json:
        body = json_bodies()[name]
        outcomes = frozenset({"too_many_values", "not_json", "bad_schema", "accepted"})
        return _cost(f"JSON: {name}", len(body), lambda: _event(body), outcomes)
    case = next(case for case in HOSTILE if case.name == name)
    data = case.make()
    if QUICK and len(data) > _QUICK_BYTES:
        return None
    return _cost(name, len(data), lambda: _document(case, data), case.outcomes)


def _document(case: Case, data: bytes) -> None:
    if case.as_text and len(data) < 10_000_000:
        text = data.decode()
        event = json.dumps({"text": text, "media_type": case.media_type}).encode()
        del text
        submitted = decode(DocumentSubmitted, _record(event))
        found = read(submitted.text or "", submitted.media_type)
    else:
        found = read(data, case.media_type)
    detect_language(found.text)
    count_words(found.text)


def _event(body: bytes) -> None:
    decode(DocumentSubmitted, _record(body))


def _record(value: bytes) -> Record:
    return Record(
        topic="documents.submitted", partition=0, offset=0, key=None, value=value, headers=(), timestamp_ms=0
    )


def _cost(name: str, size: int, work: Callable[[], None], outcomes: frozenset[str]) -> Cost:
    app = create_app(
        "hostile",
        title="Hostile",
        mode="local",
        http=HttpSettings(),
        auth=AuthSettings(),
        registry=CollectorRegistry(),
    )
    read("<p>Wake the readers up.", "text/html")
    detect_language("Load the model of languages.")
    starter = shared_readers().process_id
    watched = _Watched(starter)
    with BackgroundServer(app, "127.0.0.1", 0) as server, watched:
        asking = _Asking(server.port)
        with asking:
            time.sleep(0.2)
            before, began = peak_bytes(), time.perf_counter()
            cpu = time.process_time()
            outcome = "accepted"
            try:
                work()
            except BrevityError as error:
                outcome = error.code
            wall = time.perf_counter() - began
            cpu = time.process_time() - cpu
    memory = peak_bytes() - before + watched.most_bytes
    return Cost(
        name, size, cpu + watched.seconds, wall, memory / 1e6, asking.longest, outcome, outcome in outcomes
    )


class _Asking:
    """Asks a door again and again whether it is alive."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/healthz"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.longest = 0.0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(timeout=120) as client:
            client.get(self._address)
            while not self._ended.wait(_ASK_SECONDS):
                began = time.perf_counter()
                client.get(self._address)
                self.longest = max(self.longest, time.perf_counter() - began)


class _Watched:
    """Processor time and private memory of the readers that a process forks, looked at twenty times a second."""

    def __init__(self, starter: int) -> None:
        self._starter = psutil.Process(starter)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._seconds: dict[int, float] = {}
        self.most_bytes = 0

    @property
    def seconds(self) -> float:
        return sum(self._seconds.values())

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(0.05):
            held = 0
            for child in self._starter.children():
                try:
                    times = child.cpu_times()
                    self._seconds[child.pid] = times.user + times.system
                    held += child.memory_full_info().uss
                except psutil.Error:
                    continue
            self.most_bytes = max(self.most_bytes, held)


def main() -> None:
    found = costs()
    show(
        "Hostile input",
        ("input", "bytes", "CPU s", "wall s", "MB", "probe s", "end"),
        [
            (c.name, f"{c.size:,}", c.seconds, c.wall_seconds, c.megabytes, c.probe_seconds, c.outcome)
            for c in found
        ],
    )
    finish(
        "hostile",
        {
            "worst_hostile_seconds": max(cost.seconds for cost in found),
            "worst_hostile_megabytes": max(cost.megabytes for cost in found),
            "worst_probe_seconds": max(cost.probe_seconds for cost in found),
            "unclear": sum(not cost.clear for cost in found),
        },
    )


if __name__ == "__main__":
    main()
