"""An engine that always fails on one document stops that one alone; one that is away stops nothing for good."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.kafka.blame import Blame
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import Record
from brevity.common.kafka.results import Done, Failed, Result
from brevity.common.kafka.runtime import Runtime
from brevity.nlp.types import Block
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.answering import answer_all
from brevity.summarize.serving.client import KNOWN_TEXT, ServeClient
from brevity.summarize.serving.wire import Answer, dump_answers, load_jobs


class Serve(ThreadingHTTPServer):
    """Answers as the replicas do; a text that begins with a status or `away` is answered so, whoever asks beside it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.engine = load_engine()
        self.status: int | None = None
        self.known = 0
        self.knows_blocks = True


class _Call(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        serve = self.server
        assert isinstance(serve, Serve)
        jobs = load_jobs(self.rfile.read(int(self.headers["content-length"])))
        serve.known += sum(job.text == KNOWN_TEXT for job in jobs)
        statuses = [int(job.text[:3]) for job in jobs if job.text[:3].isdigit()]
        status = serve.status or (statuses[0] if statuses else 200)
        if not serve.knows_blocks and any(job.blocks for job in jobs):
            status = 400
        body = b""
        if status == 200:
            answers: list[Answer] = [
                Unavailable("the model server does not answer", code="model_server_away")
                if job.text.startswith("away")
                else answer
                for job, answer in zip(jobs, answer_all(serve.engine, jobs), strict=True)
            ]
            body = dump_answers(answers)
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Generator[Serve]:
    with Serve() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def settled(serve: Serve, texts: Sequence[str]) -> list[Result]:
    client = ServeClient("127.0.0.1", serve.server_port, token=None, engine_seconds=5, connections=4)

    def handle(records: Sequence[Record]) -> list[Result]:
        texts = [str(json.loads(record.value or b"")) for record in records]
        jobs = [Job(text, "en", 20, blocks=(Block("paragraph", 0, len(text)),)) for text in texts]
        return [
            Failed(answer) if isinstance(answer, BrevityError) else Done()
            for answer in client.summarize(jobs)
        ]

    records = [Record("t", 0, number, b"k", json.dumps(text).encode()) for number, text in enumerate(texts)]
    judging = Blame(handle, StageMetrics("t", CollectorRegistry()), threading.Event(), Runtime())
    return judging.results(records)


@pytest.mark.parametrize(
    ("poison", "code"),
    [("502", "engine_away"), ("400", "engine_away"), ("500", "engine_died"), ("away", "model_server_away")],
)
def test_a_document_on_which_the_engine_always_fails_fails_alone(
    serve: Serve, poison: str, code: str
) -> None:
    texts = [f"{number}th. {KNOWN_TEXT}" for number in range(12)]
    texts.insert(5, f"{poison} {KNOWN_TEXT}")
    results = settled(serve, texts)
    assert {n: r.error.code for n, r in enumerate(results) if isinstance(r, Failed)} == {5: code}


@pytest.mark.parametrize("status", [502, 503])
def test_an_engine_that_is_away_or_full_is_waited_for(serve: Serve, status: int) -> None:
    serve.status = status
    threading.Timer(1.5, lambda: setattr(serve, "status", None)).start()
    # Longer than the text that is asked for to see whether it answers: what is known of theirs does not fit that one.
    waiting = [f"It waited long, and nobody knew for what. {KNOWN_TEXT}"] * 4
    assert all(isinstance(result, Done) for result in settled(serve, waiting))
    assert serve.known > 0


def test_a_replica_of_a_release_without_blocks_is_asked_without_them(serve: Serve) -> None:
    serve.knows_blocks = False
    assert all(isinstance(result, Done) for result in settled(serve, [f"{KNOWN_TEXT} It opened."] * 3))
    assert serve.known == 0  # nothing was held for it
