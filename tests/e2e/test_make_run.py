"""The one command: everything up, the bundled documents summarized, a clean stop, and the data there the next time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from deploy.local.java import ROOT, listening
from deploy.local.ports import Ports

from tests.support.commands import Brevity
from tests.support.samples import sample_documents
from tests.support.stack import require_local_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

PLATFORM = ("kafka", "mongo", "s3", "ingest", "summarize", "feedback", "serve")

KNOWN_BY = {
    "kafka": " kafka.Kafka ",
    "mongo": "mongo",
    "s3": "s3proxy",
    "ingest": "-m brevity.ingest ",
    "stage": "-m brevity.summarize stage ",
    "feedback": "-m brevity.feedback ",
    "serve": "gcs_server",  # Ray's control service, without which `serve` ends itself
}
"""By a part of its command line, each process that is killed."""


def free_shift() -> int:
    """How far to move all ports so that none is in use."""
    return next(
        shift
        for shift in range(1_000 + os.getpid() % 1_000, 20_000, 137)
        if not any(listening(getattr(Ports.shifted(shift), name)) for name in Ports.__slots__)
    )


@contextmanager
def make_run(home: Path, shift: int, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """What `make run` starts, its output to be read; interrupted at the end if it still runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    command = [
        sys.executable,
        "-u",
        "-m",
        "deploy.local.run",
        "--ports",
        str(shift),
        "--home",
        str(home),
        *arguments,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**kept, "COLUMNS": "200"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=200)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if words in line:
            return told
    raise AssertionError(f"it ended without {words!r}:\n{told}")


def kill_all(run: subprocess.Popen[str]) -> str:
    """SIGKILL each process at once, and wait until all of them are said to be up again; what was said."""
    lines = {
        child: " ".join(child.cmdline()) + " " for child in psutil.Process(run.pid).children(recursive=True)
    }
    for wanted in KNOWN_BY.values():
        next(child for child, line in lines.items() if wanted in line).kill()
    said = ""
    while not all(f"{name} is up again" in said for name in KNOWN_BY):
        said += read_until(run, "is up again")
    assert said.count("it is started again (") >= len(KNOWN_BY)
    return said


def environment(home: Path) -> dict[str, str]:
    """The settings that the run leaves for a shell."""
    found = re.findall(r"^export (BREVITY_\w+)='(.*)'$", (home / "env").read_text(), re.MULTILINE)
    return dict(found)


def test_one_command_shows_summaries_stays_up_stops_cleanly_and_keeps_the_data(tmp_path: Path) -> None:
    require_local_stack()
    shift, home = free_shift(), tmp_path / "home"
    ports = Ports.shifted(shift)
    names = [document["document_id"] for document in sample_documents()]

    with make_run(home, shift) as process:
        told = read_until(process, "Ctrl-C stops everything")
        assert all(name in told for name in names)
        assert "first summary" in told
        assert f"127.0.0.1:{ports.ingest}/v1/documents" in told
        for service in ("ingest", "summarize", "feedback"):
            address = f"http://127.0.0.1:{getattr(ports, service)}/readyz"
            assert httpx.get(address, trust_env=False, timeout=60).status_code == 200
        brevity = Brevity(environment(home))
        assert {line["action"] for line in brevity.lines("topics", "apply", "--json")} == {"unchanged"}
        note = tmp_path / "note.txt"
        note.write_text(f"{sample_documents()[0]['text']} That is all.")
        [event] = brevity.lines("submit", note, "--words", "30", "--wait", "--json")
        assert event["summary"]
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        read_until(process, "the data is kept")
        assert process.wait(200) == 0
    assert not [port for port in PLATFORM if listening(getattr(ports, port))]
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive

    with make_run(home, shift, "--until-done") as process:
        told = read_until(process, "the data is kept")
        assert process.wait(200) == 0
    assert all(name in told for name in names), "what was summarized before is still there to be shown"
    assert "no outcome" not in told


@pytest.mark.chaos_large
def test_whatever_dies_comes_back_and_the_platform_works_again(tmp_path: Path) -> None:
    require_local_stack()
    shift, home = free_shift(), tmp_path / "home"
    note = tmp_path / "note.txt"
    with make_run(home, shift) as process:
        read_until(process, "Ctrl-C stops everything")
        said = kill_all(process)
        note.write_text(f"{sample_documents()[0]['text']} That is all, again.")
        brevity = Brevity(environment(home))
        [event] = brevity.lines("submit", note, "--words", "30", "--wait", "--timeout", "180", "--json")
        assert event["summary"], said
        process.send_signal(signal.SIGINT)
        read_until(process, "the data is kept")
        assert process.wait(200) == 0
