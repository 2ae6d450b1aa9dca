"""Assembles `brevity` from the entry points of group `brevity.cli`, loading only the command that is asked for.

A package adds commands to a group of another one, say to `brevity models`, by entry points of `brevity.cli.models`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from rich.table import Table

from brevity.common.cli.terminal import Terminal, plain
from brevity.common.errors import BrevityError, Fatal, Rejected, remedy_for_caller
from brevity.common.observability.logging import configure
from brevity.common.settings import TelemetrySettings

_GROUP = "brevity.cli"
EXIT_INPUT, EXIT_SETUP, EXIT_AWAY = 1, 2, 3


def main() -> None:
    """Run the command line; errors are one line each, with what to do, never a traceback."""
    configure(TelemetrySettings(log_level="error", log_format="console"), "cli")
    points = {point.name: point for point in entry_points(group=_GROUP)}
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if name in {"-h", "--help"}:
        _help(points)
        return
    added = list(entry_points(group=f"{_GROUP}.{name}"))
    if name not in points and not added:
        print(
            f"brevity: there is no command {name!r}. Commands: {', '.join(sorted(points))}", file=sys.stderr
        )
        sys.exit(EXIT_SETUP)
    try:
        _app(name, points.get(name), added)(args=arguments, prog_name=f"brevity {name}")
    except BrevityError as error:
        print(plain(f"brevity: {error.message}. {remedy_for_caller(error)}"), file=sys.stderr)
        sys.exit(exit_status(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing is wrong


def exit_status(error: BrevityError) -> int:
    """1: the input is at fault; 2: the setup is; 3: something is away, try again."""
    if isinstance(error, Rejected):
        return EXIT_INPUT
    return EXIT_SETUP if isinstance(error, Fatal) else EXIT_AWAY


def _app(name: str, point: EntryPoint | None, added: Sequence[EntryPoint]) -> typer.Typer:
    """What an entry point names, a typer app or a plain function that becomes one, with what others add to it."""
    loaded: Any = point.load() if point is not None else None
    if isinstance(loaded, typer.Typer):
        app = loaded
    else:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        if loaded is not None:
            app.command(name=name)(loaded)
        else:
            app.callback()(lambda: None)  # a group, even with one command
    for command in added:
        app.command(name=command.name)(command.load())
    return app


def _help(points: dict[str, EntryPoint]) -> None:
    table = Table.grid(padding=(0, 3))
    for name in sorted(points):
        loaded: Any = points[name].load()
        text = loaded.info.help if isinstance(loaded, typer.Typer) else loaded.__doc__
        table.add_row(f"  {name}", str(text or "").strip().split("\n")[0])
    console = Terminal()
    console.print("Usage: brevity COMMAND [ARGUMENTS]    (brevity COMMAND --help says more)\n")
    console.print(table)
