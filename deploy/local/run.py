"""`make run`: the whole platform on this machine, without containers, until Ctrl-C.

Starts Kafka, the store and the S3 server, applies the topics, starts the services, sends the bundled documents through
and shows what comes out. Data stays under `.brevity/data`, logs under `.brevity/logs`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from brevity.common.cli.terminal import Terminal
from brevity.common.errors import BrevityError
from brevity.common.kafka.admin import apply_topics
from brevity.common.observability.logging import configure
from brevity.common.process import patiently
from brevity.common.settings import TelemetrySettings
from brevity.common.storage.s3 import S3ObjectStore
from deploy.local import tour
from deploy.local.java import ROOT, LocalStackError, Server, ensure_jars
from deploy.local.monitoring import PrometheusServer, installed
from deploy.local.ports import Ports
from deploy.local.services import Service, learning, services
from deploy.local.stack import Stack
from deploy.local.stopping import interrupt_on_signals
from deploy.local.supervise import Supervisor

console = Terminal()

_PATIENCE_SECONDS = 60.0


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0 after a clean stop, 1 when something could not start or died."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--until-done", action="store_true", help="stop after the bundled documents")
    parser.add_argument("--ports", type=int, default=0, help="move all ports up by this much")
    parser.add_argument("--home", type=Path, default=ROOT / ".brevity", help="where data and logs are kept")
    options = parser.parse_args(arguments)
    home: Path = options.home
    configure(TelemetrySettings(log_level="error", log_format="console"), "run")
    interrupt_on_signals()
    ports = Ports.shifted(options.ports)
    stack = Stack(home / "data", (ports.kafka, ports.mongo, ports.s3))
    running = services(stack.environ(), ports, home / "logs")
    learners = learning(stack.environ(), ports, stack.s3, home / "data", home / "logs")
    if installed():
        learners.append(PrometheusServer(ports.prometheus, home / "data" / "prometheus", ports))
    try:
        with Supervisor(_say) as supervisor:
            _start(supervisor, stack, running)
            first = tour.show(stack.kafka, console)
            _say_where(stack, ports, home, first)
            if options.until_done:
                return 0
            supervisor.start(*learners)  # only now: they take a while, and no summary waits for them
            _watch(supervisor)
    except KeyboardInterrupt:
        return 0
    except (LocalStackError, BrevityError, TimeoutError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    finally:
        _stop(stack, [*running, *learners])


def _start(supervisor: Supervisor, stack: Stack, running: Sequence[Service]) -> None:
    began = time.monotonic()
    ensure_jars()
    serve, *others = running
    with console.status("starting Kafka, the store, the S3 server and the engine"):
        supervisor.start(serve, *stack.servers)  # serve needs none of the others and takes longest
        supervisor.wait_ready(*stack.servers)
        patiently(lambda: apply_topics(stack.kafka), seconds=_PATIENCE_SECONDS)
        patiently(S3ObjectStore(stack.s3).ensure_bucket, seconds=_PATIENCE_SECONDS)
    with console.status("starting the services"):
        supervisor.start(*others)
        supervisor.wait_ready(*running)
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
        ("shell", f". {environment}"),
        ("then", "brevity submit FILE --wait, brevity dlq list"),
    )
    if first is not None:
        console.print(f"first summary {first:.1f} s after the documents were sent")
    for name, where in rows:
        console.print(f"  {name:<10} {where}", highlight=False, soft_wrap=True)  # whole, to be copied


def _watch(supervisor: Supervisor) -> NoReturn:
    """Stay up until Ctrl-C. Raises LocalStackError when a process died too often."""
    console.print("running; Ctrl-C stops everything, `make run` goes on with the same data")
    while True:
        supervisor.check()
        time.sleep(0.5)


def _say(line: str) -> None:
    console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
