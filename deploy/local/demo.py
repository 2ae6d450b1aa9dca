"""`make demo-drift`: the learning loop, from drift to a better model in service, on real servers and real documents.

Documents of one domain flow, then those of another; drift is detected, reviewers correct, the trainer trains, the gate
compares, the better model is swapped in, and the quality on the new domain is shown before and after. Ends by itself.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from brevity.common.cli.terminal import Terminal
from brevity.common.errors import BrevityError
from brevity.common.kafka.admin import apply_topics
from brevity.common.observability.logging import configure
from brevity.common.process import patiently
from brevity.common.settings import TelemetrySettings
from brevity.common.storage.s3 import S3ObjectStore
from deploy.local.demo_data import Material, Sizes
from deploy.local.demo_doors import Doors, LoopError, Told
from deploy.local.demo_loop import Loop, Quality, Report
from deploy.local.java import ROOT, LocalStackError, Server, ensure_jars
from deploy.local.ports import Ports
from deploy.local.services import learning, services
from deploy.local.stack import Stack
from deploy.local.stopping import interrupt_on_signals
from deploy.local.supervise import Supervisor

_PATIENCE_SECONDS = 60.0
_OPEN_DOOR = {"BREVITY_HTTP_REQUESTS_PER_SECOND": "2000", "BREVITY_HTTP_REQUEST_BURST": "10000"}
"""All reviewers of the demo have one address."""


class DemoPlatform:
    """Everything that `make run` starts, with an empty home and the demo's settings."""

    def __init__(self, home: Path, ports: Ports, sizes: Sizes, say: Callable[[str], None] = print) -> None:
        self._ports = ports
        self.supervisor = Supervisor(say)
        self.stack = Stack(home / "data", (ports.kafka, ports.mongo, ports.s3))
        environ = self.stack.environ()
        self.settings = {
            "feedback": {**_OPEN_DOOR, "BREVITY_DRIFT_BASELINE": str(sizes.baseline)},
            "trainer": {
                **_OPEN_DOOR,
                "BREVITY_TRAINER_DRIFT_QUIET_SECONDS": str(sizes.quiet_seconds),
                "BREVITY_TRAINER_FEEDBACK_EXAMPLES": "100000",
                "BREVITY_TRAINER_EVALUATION_DOCUMENTS": str(sizes.frozen),
            },
        }
        self._serve, *self._others = services(environ, ports, home / "logs", self.settings)
        self._learners = learning(environ, ports, self.stack.s3, home / "data", home / "logs", self.settings)

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self._ports.mlflow}"

    @property
    def servers(self) -> list[Server]:
        return [self._serve, *self._others, *self._learners]

    def start(self) -> None:
        """Until all of them are ready; from then on what dies is started again. Raises LocalStackError."""
        ensure_jars()
        supervisor = self.supervisor
        supervisor.open()
        supervisor.start(self._serve, *self.stack.servers)  # serve needs none of the others and takes longest
        supervisor.wait_ready(*self.stack.servers)
        patiently(lambda: apply_topics(self.stack.kafka), seconds=_PATIENCE_SECONDS)
        patiently(S3ObjectStore(self.stack.s3).ensure_bucket, seconds=_PATIENCE_SECONDS)
        supervisor.start(*self._others)
        supervisor.wait_ready(self._serve)  # before the rest: on few cores they would keep each other from it
        supervisor.start(*self._learners)
        supervisor.wait_ready(*self.servers)

    def doors(self) -> Doors:
        return Doors(
            self.stack.kafka,
            f"http://127.0.0.1:{self._ports.feedback}",
            f"http://127.0.0.1:{self._ports.trainer}",
        )

    def stop(self) -> None:
        self.supervisor.close()
        others = [*self._others, *self._learners]
        for server in others:
            server.ask_to_stop()
        for server in (*others, self._serve):
            server.stop()
        self.stack.stop()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0 after the whole story, 1 when something could not start or did not happen."""
    parser = argparse.ArgumentParser(prog="make demo-drift", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="stay up afterwards, until Ctrl-C")
    parser.add_argument("--ports", type=int, default=0, help="move all ports up by this much")
    parser.add_argument("--home", type=Path, default=ROOT / ".brevity" / "demo", help="emptied at the start")
    options = parser.parse_args(arguments)
    console = Terminal()
    configure(TelemetrySettings(log_level="error", log_format="console"), "demo")
    interrupt_on_signals()
    home: Path = options.home
    shutil.rmtree(home, ignore_errors=True)
    sizes = Sizes()
    platform = DemoPlatform(
        home,
        Ports.shifted(options.ports),
        sizes,
        lambda line: console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True),
    )
    say_settings(console, platform)
    try:
        with console.status("starting everything"):
            platform.start()
        began = time.monotonic()
        report = told(platform, sizes, console)
        show(report, console)
        console.print(f"the story took {time.monotonic() - began:.0f} s; runs: {platform.mlflow_url}")
        while options.stay:
            platform.supervisor.check()
            time.sleep(1)
        return 0
    except KeyboardInterrupt:
        return 0
    except (LocalStackError, LoopError, BrevityError) as error:
        console.print(f"{error}\nlogs: {home / 'logs'}", style="red", markup=False, highlight=False)
        return 1
    finally:
        with console.status("stopping"):
            platform.stop()


def told(platform: DemoPlatform, sizes: Sizes, console: Terminal) -> Report:
    """The whole story on a running platform, its progress on the console. Raises LoopError."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    doors = platform.doors()
    try:
        with Progress(*columns, console=console) as progress:

            @contextmanager
            def stage(name: str) -> Generator[Told]:
                task = progress.add_task(name, total=1)
                yield lambda done, total: progress.update(task, completed=done, total=total)
                total = progress.tasks[task].total
                progress.update(task, completed=total)
                progress.stop_task(task)

            return Loop(doors, platform.stack.s3, platform.mlflow_url, Material.of(sizes)).turn(stage)
    finally:
        doors.close()


def say_settings(console: Terminal, platform: DemoPlatform) -> None:
    console.print("settings made small for the demo, all others are the defaults:")
    for service, settings in platform.settings.items():
        for name, value in settings.items():
            console.print(f"  {service:<9} {name}={value}", highlight=False)


def show(report: Report, console: Terminal) -> None:
    """The summary tables."""
    figures = ("documents", "ROUGE-1 before", "after", "ROUGE-2 before", "after", "change")
    table = Table(
        Column("domain", no_wrap=True),
        *(Column(name, justify="right") for name in figures),
        title=f"Quality in service: {report.first}, then {report.new}",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for domain, (before, after) in report.quality.items():
        table.add_row(domain, str(before.documents), *_cells(before, after))
    console.print(table)
    times = Table(
        "stage",
        Column("seconds", justify="right"),
        title="From the first drifted document on",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name, seconds in report.stages:
        times.add_row(name, f"{seconds:.1f}")
    times.add_row("together", f"{report.seconds:.1f}")
    console.print(times)
    alarm = report.alarms[0]
    count = "1 alarm" if len(report.alarms) == 1 else f"{len(report.alarms)} alarms"
    console.print(f"drift      {count}, the first by {alarm['monitor']}, effect {alarm['effect']:+.2f}")
    console.print(f"training   {report.job['detail']}", markup=False)
    console.print(f"gate       {report.job['message']}", markup=False)
    console.print(f"shuffled   {report.refused['message']}", markup=False)
    console.print(f"in service version {report.champion['version']}, {report.champion['model_version']}")
    console.print(f"run        {report.job['run_url']}", highlight=False, soft_wrap=True)


def _cells(before: Quality, after: Quality) -> list[str]:
    return [
        *(f"{100 * value:.2f}" for value in (before.rouge1, after.rouge1, before.rouge2, after.rouge2)),
        f"{after.rouge2 / before.rouge2 - 1:+.0%}",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
