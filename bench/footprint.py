"""What each process costs: memory when idle and at the end, and CPU time for a thousand documents.

The whole platform runs as `make run` starts it, on an empty stack; the benchmark corpus goes through once to warm up and
once to be measured, from the first submission until feedback has kept the last summary. CPU time, unlike time by the
clock, is hardly changed by other work on the machine. `services_vs_engine` is the CPU time of everything around the
engine (ingest, stage, feedback, Ray's own processes, broker and stores) over that of the engine's replica.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import psutil
from deploy.local.java import free_port
from deploy.local.ports import Ports
from deploy.local.services import services
from tests.support.stack import fresh_stack

from bench.corpus import documents
from bench.pipeline import with_pipeline
from bench.report import QUICK, finish, show

COUNT = 300 if QUICK else 2_000
_SETTLE_SECONDS = 3.0
"""For feedback and the broker to finish what the last summary left them."""

Footprint = dict[str, tuple[float, float]]
"""CPU seconds so far and resident bytes, by process."""


def footprint(roots: dict[str, int]) -> Footprint:
    """Of each process tree; Ray's is split into the engine's replicas and the rest."""
    found: Footprint = {}
    for name, pid in roots.items():
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                times, memory = process.cpu_times(), process.memory_info().rss
                replica = any("ServeReplica" in part for part in process.cmdline())
            except psutil.NoSuchProcess:
                continue
            key = "engine replica" if replica else "Ray around it" if name == "serve" else name
            cpu, rss = found.get(key, (0.0, 0.0))
            found[key] = cpu + times.user + times.system, rss + memory
    return found


def main() -> None:
    _, texts = documents(COUNT)
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        ports = Ports(*(free_port() for _ in Ports.__slots__))
        running = services(stack.environ(), ports, Path(folder) / "logs")
        try:
            for service in running:
                service.start()
            for service in running:
                service.wait_ready()
            roots = {
                server.name: server.process.pid
                for server in (*running, *stack.servers)
                if server.process is not None
            }
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
    spent = {name: (after[name][0] - before.get(name, (0.0, 0.0))[0]) * 1000 / COUNT for name in after}
    show(
        f"{COUNT:,} documents through the platform, by process",
        ("process", "CPU seconds for 1,000 documents", "MB when idle", "MB at the end"),
        [
            (name, cpu, idle.get(name, (0.0, 0.0))[1] / 1e6, after[name][1] / 1e6)
            for name, cpu in sorted(spent.items(), key=lambda item: -item[1])
        ],
    )
    engine = spent.pop("engine replica")
    finish("footprint", {"services_vs_engine": sum(spent.values()) / engine})


if __name__ == "__main__":
    main()
