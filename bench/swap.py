"""Model versions swapped under load, in Ray Serve as it runs: requests that failed, and what a swap does to latency.

One replica answers two clients that ask for four real documents at a time. Versions are promoted one after the other
on the real broker, from the real object store; each is loaded, tried, swapped in and reported while requests go on.
A swap lasts from its promotion to its report. Its latencies are compared with those of the pauses between swaps, which
are as long, so that other work on the machine falls on both alike. `python -m bench.swap`.
"""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from deploy.local.java import free_port
from deploy.local.services import Service
from tests.support.models import model_bytes, promote, promotion, put_version
from tests.support.samples import sample_texts
from tests.support.stack import fresh_stack
from tests.support.swapping import Call, Served, Traffic
from tests.support.topics import eventually

from bench.report import QUICK, finish, show
from brevity.common.errors import Unavailable
from brevity.common.storage.s3 import S3ObjectStore
from brevity.nlp.language import detect_language
from brevity.summarize.engines.port import Job
from brevity.summarize.serving.client import ServeClient

SWAPS = 6 if QUICK else 50
WARM_UP_SECONDS = 3.0
LONGEST_TEXT = 6_000
"""Characters; requests should be alike, for their p99 to say something."""

Span = tuple[float, float]


def began_in(calls: Sequence[Call], spans: Sequence[Span]) -> list[float]:
    """Seconds of the calls that began in one of `spans`."""
    return [call.seconds for call in calls if any(start <= call.began < end for start, end in spans)]


def jobs() -> list[Job]:
    texts = [text for text in sample_texts() if len(text) < LONGEST_TEXT]
    return [Job(text, detect_language(text).tag, 60) for text in texts]


def main() -> None:
    finish("swap", measured())


def measured() -> dict[str, float]:
    """The table is shown; failed requests, the ratio of latencies, and how much that stands on."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name, fresh_stack(Path(name) / "stack") as stack:
        folder = Path(name)
        environ = {
            **stack.environ(),
            "BREVITY_SUMMARIZE_SERVE_PORT": str(port),
            "BREVITY_SUMMARIZE_RAY_METRICS_PORT": "0",
            "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
            "BREVITY_SUMMARIZE_MODEL_CACHE": str(folder / "models"),
            "PYTHONPATH": os.getcwd(),
        }
        serve = Service("serve", ["brevity.summarize", "serve"], environ, port, folder, "/-/healthz")
        store = S3ObjectStore(stack.s3)
        versions = [
            put_version(store, str(number), model_bytes(f"swap {number}")) for number in range(SWAPS + 1)
        ]
        promote(stack.kafka, promotion(versions[0]))

        def client() -> ServeClient:
            return ServeClient("127.0.0.1", port, token=None, engine_seconds=60, connections=1)

        def answers() -> bool:
            try:
                client().summarize(jobs()[:1])
            except Unavailable:
                return False
            return True

        serve.start()
        try:
            serve.wait_ready()
            eventually("the engine answers", answers, 120)
            swaps: list[Span] = []
            pauses: list[Span] = []
            with closing(Served(stack.kafka)) as served, Traffic(client, jobs()) as traffic:
                time.sleep(WARM_UP_SECONDS)
                for old, new in itertools.pairwise(versions):
                    began = time.perf_counter()
                    event = promote(stack.kafka, promotion(new, old))
                    served.wait(event.promotion_id, "in_service")
                    swapped = time.perf_counter()
                    swaps.append((began, swapped))
                    time.sleep(max(0.3, swapped - began))
                    pauses.append((swapped, time.perf_counter()))
        finally:
            serve.stop()
    return report(traffic, swaps, pauses, expected={version.model_version for version in versions})


def report(
    traffic: Traffic, swaps: list[Span], pauses: list[Span], *, expected: set[str]
) -> dict[str, float]:
    busy, quiet = began_in(traffic.calls, swaps), began_in(traffic.calls, pauses)
    rows = [
        [name, len(times), *(1000 * float(np.percentile(times, percent)) for percent in (50, 90, 99))]
        for name, times in (("between swaps", quiet), ("during swaps", busy))
    ]
    show(f"{SWAPS} swaps", ["", "requests", "p50 ms", "p90 ms", "p99 ms"], rows)
    assert traffic.versions() <= expected, "a version answered that nobody promoted"
    assert len(traffic.versions()) > SWAPS * 0.8, (
        "most versions were never seen: the swaps did not happen under load"
    )
    return {
        "swap_failed_requests": len(traffic.problems()),
        "swap_p99_ratio": float(np.percentile(busy, 99)) / float(np.percentile(quiet, 99)),
        "swaps": len(swaps),
        "requests": len(traffic.calls),
        "swap_seconds_median": statistics.median(end - start for start, end in swaps),
    }


if __name__ == "__main__":
    main()
