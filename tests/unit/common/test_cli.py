"""The `brevity` command: one program for all, errors in a line with what to do, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from brevity.common.cli import root
from brevity.common.errors import Fatal, Rejected, Unavailable

BREVITY = Path(sys.executable).with_name("brevity")
COMMANDS = {"dlq", "submit", "summarize", "topics"}


def brevity(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    return subprocess.run(
        [BREVITY, *arguments], env={**kept, **environ}, capture_output=True, text=True, timeout=100, check=False
    )  # fmt: skip


def refuse() -> None:
    raise Rejected("the colour is wrong", code="bad_colour", remedy="Choose another.")


def stop() -> None:
    raise Fatal("the disk is full", remedy="Make room.")


def wait() -> None:
    raise Unavailable("Kafka does not answer")


def stumble(path: str) -> None:
    """Not one of ours."""
    raise KeyError(path)


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_lists_every_installed_command_with_a_line_about_it(arguments: tuple[str, ...]) -> None:
    done = brevity(*arguments)
    assert done.returncode == 0
    assert done.stderr == ""
    first_words = {line.split()[0] for line in done.stdout.splitlines()[1:] if line.strip()}
    assert COMMANDS <= {point.name for point in entry_points(group="brevity.cli")} <= first_words


def test_an_unknown_command_is_refused_and_the_known_ones_named() -> None:
    done = brevity("sumarize")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "'sumarize'" in done.stderr
    assert all(name in done.stderr for name in COMMANDS)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    done = brevity(command, "--help")
    assert done.returncode == 0
    assert f"brevity {command}" in done.stdout


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"BREVITY_KAFAK_BOOTSTRAP_SERVERS": "x"}, "BREVITY_KAFAK_BOOTSTRAP_SERVERS"),
        ({"BREVITY_KAFKA_CLIENT_CONFIG": "{broken"}, "BREVITY_KAFKA_CLIENT_CONFIG"),
    ],
)
def test_a_wrong_setting_ends_the_command_with_its_name(environ: dict[str, str], named: str) -> None:
    done = brevity("topics", "apply", **environ)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_replay_of_nothing_is_refused_before_anything_is_asked() -> None:
    done = brevity("dlq", "replay")
    assert done.returncode == 1
    assert "brevity dlq list" in done.stderr
    assert "Traceback" not in done.stderr


def test_topics_are_listed_by_their_whole_names_however_narrow_the_terminal() -> None:
    done = brevity("topics", "list", COLUMNS="60")
    assert done.returncode == 0
    assert "documents.submitted" in done.stdout
    assert "brevity.summarize.retry" in done.stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([BREVITY, "topics", "list"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=100, check=False)  # fmt: skip
    finally:
        os.close(write)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def run_as(monkeypatch: pytest.MonkeyPatch, function: str, *arguments: str) -> None:
    """`brevity trial ...`, where trial is a function of this module."""
    point = EntryPoint("trial", f"{__name__}:{function}", "brevity.cli")
    monkeypatch.setattr(root, "entry_points", lambda group: [point] if group == point.group else [])
    monkeypatch.setattr(sys, "argv", ["brevity", "trial", *arguments])
    root.main()


def test_a_package_adds_commands_to_a_group_whether_or_not_its_own_package_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added = [EntryPoint(name, f"{__name__}:{name}", "brevity.cli.trial") for name in ("refuse", "wait")]
    monkeypatch.setattr(root, "entry_points", lambda group: [p for p in added if p.group == group])
    monkeypatch.setattr(sys, "argv", ["brevity", "trial", "wait"])
    with pytest.raises(SystemExit) as caught:
        root.main()
    assert caught.value.code == root.EXIT_AWAY


@pytest.mark.parametrize(
    ("function", "status", "line"),
    [
        ("refuse", 1, "brevity: the colour is wrong. Choose another.\n"),
        ("stop", 2, "brevity: the disk is full. Make room.\n"),
        (
            "wait",
            3,
            "brevity: Kafka does not answer. Try again in a moment; asking for the same again is harmless.\n",
        ),
    ],
)
def test_an_error_is_one_line_and_a_status_that_says_whose_fault_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], function: str, status: int, line: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_as(monkeypatch, function)
    assert caught.value.code == status
    assert capsys.readouterr().err == line


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError):
        run_as(monkeypatch, "stumble", "x")
