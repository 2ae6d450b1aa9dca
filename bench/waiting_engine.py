"""An engine whose time is waiting, as a remote GPU's is: it answers what the replicas answer, a fixed time later.

It says over HTTP what Ray Serve with a replica for each caller would say, for the real stage to call. Its summary is the
document's first sentence. While `stalled`, its queue is full.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job, Summary, SummarySentence
from brevity.summarize.serving.wire import dump_answers, load_jobs


class WaitingEngine:
    """Listens on `port` of loopback; each micro-batch takes `seconds`."""

    def __init__(self, port: int, seconds: float) -> None:
        self.port = port
        self.stalled = threading.Event()
        engine = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(200, b"success")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if engine.stalled.is_set():
                    self._answer(503, b"")
                    return
                jobs = load_jobs(body)
                time.sleep(seconds)
                self._answer(200, dump_answers([_first_sentence(job) for job in jobs]))

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self._server = Server(("127.0.0.1", port), Door)

    @contextmanager
    def listening(self) -> Generator[None]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _first_sentence(job: Job) -> Summary:
    text = job.text.partition(".")[0] + "."
    return Summary(
        text=text,
        sentences=(SummarySentence(text, 0, len(text), (Span(0, len(text)),), 1.0),),
        seen=(Span(0, len(job.text)),),
        coverage_percent=100.0,
        engine="extractive",
        model_version="waiting",
        summary_words=count_words(text),
    )
