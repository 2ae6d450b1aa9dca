"""What keeps the local platform up, on real processes: deaths, a start that hangs, what the dead leave behind, the limit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from deploy.local.java import ROOT, LocalStackError, Server, free_port
from deploy.local.services import Service
from deploy.local.supervise import Limit, Supervisor

from tests.support.topics import eventually

LISTENS = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(600)
"""
LEAVES_A_CHILD = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[1]])
time.sleep(600)
"""


LEAVES_ITS_PORT = """
import socket, subprocess, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"], pass_fds=[listener.fileno()], start_new_session=True)
print("listening", flush=True)
time.sleep(600)
"""
ANSWERS = """
import http.server, pathlib, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" or pathlib.Path(sys.argv[2]).exists() else 503)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""


class Waiting(Service):
    """Answers that it is well, and that it is ready once what it needs is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__("waiting", [], {}, free_port(), folder, "/readyz")

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", ANSWERS, str(self.port), str(self.folder / "needed")]


class Small(Server):
    """A server that is one short program."""

    start_seconds = 20.0

    def __init__(self, name: str, program: str, folder: Path, *arguments: str) -> None:
        super().__init__(free_port(), folder)
        self.name = name
        self._program = program
        self._arguments = arguments

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", self._program, str(self.port), *self._arguments]

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def die(self) -> None:
        before = self.pid
        psutil.Process(before).send_signal(signal.SIGKILL)
        eventually(f"{self.name} runs again", lambda: self.pid != before and self.ready(), 30)


@contextmanager
def supervised(*servers: Server, limit: Limit | None = None) -> Iterator[tuple[Supervisor, list[str]]]:
    said: list[str] = []
    try:
        with Supervisor(said.append, limit) as supervisor:
            supervisor.start(*servers)
            yield supervisor, said
    finally:
        for server in servers:
            server.stop()


def test_what_is_killed_is_started_again_and_said_in_one_line(tmp_path: Path) -> None:
    one, other = Small("one", LISTENS, tmp_path), Small("other", LISTENS, tmp_path)
    with supervised(one, other) as (supervisor, said):
        supervisor.wait_ready(one, other)
        untouched = other.pid
        one.die()
        eventually("it says so", lambda: len(said) == 2)
        assert said == [
            f"one was killed by SIGKILL; it is started again (1 of at most 5 times in 5 minutes), its log: {one.log}",
            "one is up again",
        ]
        assert other.pid == untouched
        supervisor.check()


def test_what_the_dead_leave_behind_does_not_keep_the_port(tmp_path: Path) -> None:
    parent = Small("parent", LEAVES_A_CHILD, tmp_path, LISTENS)
    with supervised(parent) as (supervisor, _):
        supervisor.wait_ready(parent)
        (left,) = psutil.Process(parent.pid).children()
        parent.die()
        gone, _ = psutil.wait_procs([left], timeout=10)
        assert gone or left.status() == psutil.STATUS_ZOMBIE


def test_what_hangs_at_its_start_is_started_anew(tmp_path: Path) -> None:
    once = f"import pathlib\nseen = pathlib.Path({str(tmp_path / 'seen')!r})\nif not seen.exists():\n seen.touch()\n time.sleep(600)\n"
    hangs = Small("hangs", f"import time\n{once}{LISTENS}", tmp_path)
    hangs.start_seconds = 1.0
    with supervised(hangs) as (supervisor, said):
        time.sleep(1.2)
        hangs.start_seconds = 20.0
        supervisor.wait_ready(hangs)
        assert "was not ready within" in said[0]


def test_what_only_waits_for_something_else_is_left_alone(tmp_path: Path) -> None:
    waiting, needed = Waiting(tmp_path), tmp_path / "needed"
    with supervised(waiting) as (supervisor, said):
        eventually("it is alive", waiting.waits)
        begun, waiting.start_seconds = waiting.process, 0.1
        time.sleep(2)
        assert not waiting.ready()
        needed.touch()
        supervisor.wait_ready(waiting)
        assert waiting.process is begun
        assert said == []


def test_a_port_that_the_dead_hold_for_a_while_costs_no_life(tmp_path: Path) -> None:
    server = Small("serve", LEAVES_ITS_PORT, tmp_path)
    with supervised(server) as (supervisor, said):
        supervisor.wait_ready(server)
        before = server.pid
        psutil.Process(before).send_signal(signal.SIGKILL)
        eventually("up again", lambda: any("is up again" in line for line in said), 40)
        assert [line.split(";")[0] for line in said] == ["serve was killed by SIGKILL", "serve is up again"]


def test_stopping_is_not_broken_off_by_a_second_signal(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from deploy.local.stopping import interrupt_on_signals\n"
        "interrupt_on_signals()\n"
        "try:\n"
        "    print('up', flush=True)\n"
        "    time.sleep(600)\n"
        "except KeyboardInterrupt:\n"
        "    pass\n"
        "finally:\n"
        "    print('stopping', flush=True)\n"
        "    time.sleep(1)\n"
        "    print('stopped', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        run.send_signal(signal.SIGTERM)
        assert run.stdout.readline() == "stopping\n"
        run.send_signal(signal.SIGTERM)
        run.send_signal(signal.SIGINT)
        assert run.stdout.read() == "stopped\n"
    assert run.returncode == 0


def test_what_dies_too_often_ends_it_and_its_log_is_named(tmp_path: Path) -> None:
    broken = Small("broken", "raise SystemExit('the disk is full')", tmp_path)
    with supervised(broken, limit=Limit(deaths=2)) as (supervisor, said):
        with pytest.raises(LocalStackError, match="the disk is full") as told:
            supervisor.wait_ready(broken)
        with pytest.raises(LocalStackError):
            supervisor.check()
        assert "broken ended with status 1; it was started again 2 times in 5 minutes" in str(told.value)
        assert str(broken.log) in str(told.value)
        assert len(said) == 2


def test_deaths_long_ago_are_forgotten(tmp_path: Path) -> None:
    often = Small("often", LISTENS, tmp_path)
    with supervised(often, limit=Limit(deaths=1, seconds=1.0)) as (supervisor, _):
        for _ in range(3):
            supervisor.wait_ready(often)
            often.die()
            time.sleep(1.1)
        supervisor.check()
