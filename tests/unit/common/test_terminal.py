"""What comes from outside is shown on a terminal as it is: no markup, no escapes, nothing turned around."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from brevity.common.cli.terminal import Terminal, plain

ROOT = Path(__file__).parents[3]
HOSTILE = [
    "[/x]", "[bold]", "[link=https://evil.example]click[/link]", "[red", "]", "\\[/x]", ":smile:",
    "\x1b[2J\x1b[31mred", "\x9b2J", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "a\rb", "\x08\x08", "\x00",
    "user\u202etxt.exe", "\u2066x\u2069", "\ud800", "line\u2028sep",
]  # fmt: skip


def drawn(*texts: str) -> str:
    terminal = Terminal()
    terminal.file, terminal.width = io.StringIO(), 4_000
    table = Table("name", "value")
    for text in texts:
        table.add_row(text, text)
        terminal.print(text)
    terminal.print(table)
    return terminal.file.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_words_from_outside_stay_words(text: str) -> None:
    out = drawn(text)
    assert out.count(plain(text)) == 3
    assert not set("\x00\x07\x08\r\x1b\x9b\u202e\u2066\u2069\ud800\u2028") & set(out)


@given(st.text(max_size=40))
def test_no_text_stops_a_table(text: str) -> None:
    assert "name" in drawn(text)


@pytest.mark.parametrize("text", ["Ærlig talt", "日本語", "नदी", "a\tb\nc", "👩\u200d👩\u200d👧", "שלום"])
def test_plain_text_of_every_script_is_left_alone(text: str) -> None:
    assert plain(text) == text


def test_no_command_draws_on_a_console_that_reads_markup() -> None:
    found = [
        path
        for folder in ("libs", "services", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        if "rich.console" in path.read_text("utf-8") and path.name != "terminal.py"
    ]
    assert found == []


def test_an_error_that_quotes_the_outside_is_plain() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from brevity.common.cli import main; main()", "summarize", "\x1b[31m[/x]"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "[31m[/x] cannot be read" in done.stderr
    assert "\x1b" not in done.stderr
