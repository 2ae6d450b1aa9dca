"""From `make run` on an installed checkout to the first summary, and what each process keeps in memory.

The peer for the time is Ray itself: how long an empty Ray Serve application takes to answer on the same machine in the
same run, since it is the slowest part that is not ours.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time

import psutil
from deploy.local.java import ROOT
from tests.support.samples import sample_documents

from bench.report import finish, show

_EMPTY_SERVE = """
import ray
from ray import serve

@serve.deployment
class Empty:
    async def __call__(self, request):
        return "ok"

ray.init(address="local", include_dashboard=False, log_to_driver=False)
serve.start(http_options={"port": 0})
serve.run(Empty.bind())
"""


def empty_serve_seconds() -> float:
    """Seconds until an empty Ray Serve application runs."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", _EMPTY_SERVE], check=True, capture_output=True)
    return time.perf_counter() - began


def run_seconds() -> tuple[float, float, list[tuple[str, float]]]:
    """Seconds to the first summary and to the last, and (process, MiB) while it stays up."""
    began = time.perf_counter()
    names = [document["document_id"] for document in sample_documents()]
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "deploy.local.run", "--ports", "300", "--home", home],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            first = last = 0.0
            while True:
                out.seek(0)
                text = out.read()
                if not first and any(name in text for name in names):
                    first = time.perf_counter() - began
                if "running; Ctrl-C" in text:
                    last = time.perf_counter() - began
                    return first, last, memory(process.pid)
                assert process.poll() is None, text[-2_000:]
                assert time.perf_counter() - began < 240, text[-2_000:]
                time.sleep(0.1)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(90)


def memory(pid: int) -> list[tuple[str, float]]:
    """Unshared memory by kind of process, in MiB."""
    sizes: dict[str, float] = {}
    for process in psutil.Process(pid).children(recursive=True):
        try:
            sizes[_kind(process)] = sizes.get(_kind(process), 0.0) + process.memory_full_info().uss / 2**20
        except psutil.NoSuchProcess:
            continue
    return sorted(sizes.items(), key=lambda item: -item[1])


def _kind(process: psutil.Process) -> str:
    line = " ".join(process.cmdline())
    kinds = {
        "kafka.Kafka": "Kafka",
        "LocalMongo": "MongoDB-wire store",
        "s3proxy": "S3 server",
        "brevity.ingest": "ingest",
        "brevity.feedback": "feedback",
        "brevity.summarize stage": "summarize: stage",
        "brevity.summarize serve": "summarize: serve",
        "ServeReplica": "summarize: replica",
    }
    return next((kind for mark, kind in kinds.items() if mark in line), "Ray itself")


def main() -> None:
    empty = empty_serve_seconds()
    first, last, sizes = run_seconds()
    show(
        "From `make run` to a summary",
        ("until", "seconds"),
        [
            ("an empty Ray Serve application answers (peer)", empty),
            ("first summary", first),
            ("all summaries", last),
        ],
    )
    show("Memory while idle, MiB", ("process", "MiB"), [*sizes, ("total", sum(size for _, size in sizes))])
    print(json.dumps({"memory_mib": {kind: round(size) for kind, size in sizes}}))
    finish("start", {"first_summary_vs_empty_ray_serve": first / empty})


if __name__ == "__main__":
    main()
