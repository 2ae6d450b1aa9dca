"""What each process costs: memory, and CPU time for a thousand documents.

The platform's services and stores run as `make run` starts them, but with the engine inside the stage's process instead
of in Ray Serve. The benchmark corpus goes through once to warm up and once to be measured, from the first submission until
feedback has kept the last summary. CPU time, unlike time by the clock, is hardly changed by other work on the machine.
`platform_vs_engine` is the CPU time of everything together over that of the bare engine on the same documents.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from deploy.local.java import free_port
from deploy.local.ports import Ports
from deploy.local.services import services
from tests.support.stack import fresh_stack

from bench.corpus import documents
from bench.pipeline import WORDS, with_pipeline
from bench.report import QUICK, finish, show
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine

COUNT = 300 if QUICK else 2_000
_SETTLE_SECONDS = 3.0
"""For feedback and the broker to finish what the last summary left them."""
_LABELS = {"stage": "stage with the engine", "mongo": "store (stand-in for MongoDB)", "s3": "S3 server"}

Footprint = dict[str, tuple[float, float]]
"""CPU seconds so far and resident bytes, by process."""


def footprint(roots: Mapping[str, int]) -> Footprint:
    """Of each process and its children."""
    found: Footprint = {}
    for name, pid in roots.items():
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
        times = [process.cpu_times() for process in family]
        memory = sum(process.memory_info().rss for process in family)
        found[name] = sum(time.user + time.system for time in times), memory
    return found


def engine_alone(texts: list[str]) -> float:
    """CPU seconds of the bare engine for `texts`."""
    engine = load_engine("extractive")
    jobs = [Job(text=text, language="en", words=WORDS) for text in texts]
    engine.summarize(jobs[:8])
    began = time.process_time()
    for first in range(0, len(jobs), 32):
        engine.summarize(jobs[first : first + 32])
    return time.process_time() - began


def main() -> None:
    origin, texts = documents(COUNT)
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        ports = Ports(*(free_port() for _ in Ports.__slots__))
        environ = {**stack.environ(), "BREVITY_SUMMARIZE_CLIENT": "local"}
        running = [one for one in services(environ, ports, Path(folder) / "logs") if one.name != "serve"]
        try:
            for service in running:
                service.start()
            for service in running:
                service.wait_ready()
            servers = [*running, *stack.servers]
            roots = {one.name: one.process.pid for one in servers if one.process is not None}
            idle = footprint(roots)
            with_pipeline(stack, [f"Warm up.\n{text}" for text in texts], "warm")
            time.sleep(_SETTLE_SECONDS)
            before = footprint(roots)
            with_pipeline(stack, texts, "measured")
            time.sleep(_SETTLE_SECONDS)
            after = footprint(roots)
        finally:
            for service in reversed(running):
                service.stop()
    alone = engine_alone(texts) * 1000 / COUNT
    spent = {name: (after[name][0] - before[name][0]) * 1000 / COUNT for name in roots}
    rows = [
        (_LABELS.get(name, name), spent[name], idle[name][1] / 1e6, after[name][1] / 1e6)
        for name in sorted(spent, key=lambda name: -spent[name])
    ]
    show(
        f"{COUNT:,} {origin} through the platform, by process",
        ("process", "CPU seconds for 1,000 documents", "MB when ready", "MB at the end"),
        [*rows, ("the engine alone, in one process", alone, "", "")],
    )
    finish("footprint", {"platform_vs_engine": sum(spent.values()) / alone})


if __name__ == "__main__":
    main()
