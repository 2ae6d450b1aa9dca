"""Assembles `brevity` from the entry points of group `brevity.cli`, loading only the command that is asked for."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Any

import click
import typer
from typer.main import get_command

from brevity.common.errors import BrevityError, Fatal, Rejected, Unavailable
from brevity.common.observability.logging import configure
from brevity.common.settings import TelemetrySettings

_GROUP = "brevity.cli"
EXIT_INPUT, EXIT_UNAVAILABLE, EXIT_FATAL = 1, 3, 2


class _Commands(click.Group):
    """Sub-commands by entry point: the name is the command's, the value a typer app or a plain function."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(point.name for point in entry_points(group=_GROUP))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group=_GROUP, name=cmd_name):
            loaded: Any = point.load()
            if not isinstance(loaded, typer.Typer):
                app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
                app.command(name=cmd_name)(loaded)
                loaded = app
            command: Any = get_command(loaded)
            return command
        return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def root() -> None:
    """Summaries by an event-driven platform: submit documents, summarize at once, tend topics and dead letters."""


def main() -> None:
    """Run the command line; errors are one line each, with what to do, never a traceback."""
    configure(TelemetrySettings(log_level="error", log_format="console"), "cli")
    try:
        root(prog_name="brevity", standalone_mode=True)
    except BrevityError as error:
        print(f"brevity: {error.message}. {error.remedy}", file=sys.stderr)
        sys.exit(exit_status(error))
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nothing is wrong
        sys.exit(0)


def exit_status(error: BrevityError) -> int:
    """1: the input is at fault; 2: the setup is; 3: something is away, try again."""
    if isinstance(error, Unavailable):
        return EXIT_UNAVAILABLE
    if isinstance(error, Fatal):
        return EXIT_FATAL
    return EXIT_INPUT if isinstance(error, Rejected) else EXIT_UNAVAILABLE
