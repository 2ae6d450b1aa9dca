"""`make run`: the whole platform on this machine, without containers, until Ctrl-C.

Starts Kafka, the store and the S3 server, applies the topics, starts the services, sends the bundled documents through
and shows what comes out. Data stays under `.brevity/data`, logs under `.brevity/logs`.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from brevity.common.errors import BrevityError
from brevity.common.kafka.admin import apply_topics
from brevity.common.observability.logging import configure
from brevity.common.settings import TelemetrySettings
from brevity.common.storage.s3 import S3ObjectStore
from deploy.local import tour
from deploy.local.java import ROOT, LocalStackError, Server
from deploy.local.monitoring import PrometheusServer, installed
from deploy.local.ports import Ports
from deploy.local.services import Service, learning, services
from deploy.local.stack import Stack

console = Console()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0 after a clean stop, 1 when something could not start or died."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--until-done", action="store_true", help="stop after the bundled documents")
    parser.add_argument("--ports", type=int, default=0, help="move all ports up by this much")
    parser.add_argument("--home", type=Path, default=ROOT / ".brevity", help="where data and logs are kept")
    options = parser.parse_args(arguments)
    home: Path = options.home
    configure(TelemetrySettings(log_level="error", log_format="console"), "run")
    signal.signal(signal.SIGTERM, _interrupt)
    ports = Ports.shifted(options.ports)
    stack = Stack(home / "data", (ports.kafka, ports.mongo, ports.s3))
    running = services(stack.environ(), ports, home / "logs")
    learners = learning(stack.environ(), ports, stack.s3, home / "data", home / "logs")
    if installed():
        learners.append(PrometheusServer(ports.prometheus, home / "data" / "prometheus", ports))
    try:
        _start(stack, running)
        first = tour.show(stack.kafka, console)
        _say_where(stack, ports, home, first)
        if options.until_done:
            return 0
        for server in learners:  # only now: they take a while to start, and no summary waits for them
            server.start()
        return _watch(stack, [*running, *learners])
    except KeyboardInterrupt:
        return 0
    except (LocalStackError, BrevityError, TimeoutError) as error:
        console.print(f"[red]{error}[/]")
        return 1
    finally:
        _stop(stack, [*running, *learners])


def _start(stack: Stack, running: Sequence[Service]) -> None:
    began = time.monotonic()
    serve, *others = running
    with console.status("starting Kafka, the store, the S3 server and the engine"):
        serve.start()  # needs none of the servers and takes longest
        stack.start()
        apply_topics(stack.kafka)
        S3ObjectStore(stack.s3).ensure_bucket()
    with console.status("starting the services"):
        for service in others:
            service.start()
        for service in running:
            service.wait_ready()
    console.print(f"all up after {time.monotonic() - began:.0f} s; sending the bundled documents")


def _say_where(stack: Stack, ports: Ports, home: Path, first: float | None) -> None:
    environment = home / "env"
    lines = [
        f'export PATH="{ROOT}/.venv/bin:$PATH"',
        *(f"export {k}='{v}'" for k, v in stack.environ().items()),
        f"export BREVITY_TRAINER_URL='http://127.0.0.1:{ports.trainer}'",
        f"export BREVITY_FEEDBACK_TRAINER_URL='http://127.0.0.1:{ports.trainer}'",
    ]
    environment.write_text("\n".join(lines) + "\n")
    environment.chmod(0o600)
    rows = (
        ("Kafka", stack.kafka.bootstrap_servers),
        ("page", f"http://127.0.0.1:{ports.feedback}/"),
        ("submit", f"http://127.0.0.1:{ports.ingest}/v1/documents"),
        ("summaries", f"http://127.0.0.1:{ports.feedback}/v1/summaries"),
        (
            "metrics",
            " ".join(
                f":{port}/metrics" for port in (ports.ingest, ports.summarize, ports.feedback, ports.trainer)
            ),
        ),
        ("models", f"http://127.0.0.1:{ports.trainer}/v1/models, runs on http://127.0.0.1:{ports.mlflow}"),
        *([("graphs", f"http://127.0.0.1:{ports.prometheus}/alerts")] if installed() else []),
        ("logs", str(home / "logs")),
        ("shell", f". {environment}    then: brevity submit FILE --wait, brevity dlq list"),
    )
    if first is not None:
        console.print(f"first summary {first:.1f} s after the documents were sent")
    for name, where in rows:
        console.print(f"  {name:<10} {where}", highlight=False)


def _watch(stack: Stack, running: Sequence[Server]) -> int:
    """Stay up until Ctrl-C; a process that dies ends the run, its log named."""
    console.print("running; Ctrl-C stops everything, `make run` goes on with the same data")
    while True:
        time.sleep(1)
        for server in (*stack.servers, *running):
            if server.process is not None and server.process.poll() is not None:
                console.print(
                    f"[red]{server.name} died (status {server.process.returncode}); see {server.log}[/]"
                )
                return 1


def _stop(stack: Stack, running: Sequence[Server]) -> None:
    with console.status("stopping"):
        serve, *others = running
        for service in others:
            service.ask_to_stop()
        for service in others:
            service.stop()
        serve.stop()
        stack.stop()
    console.print("stopped; the data is kept")


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
