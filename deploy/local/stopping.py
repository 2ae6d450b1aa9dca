"""Ctrl-C and `kill` as one exception, so that what was started is stopped in one place."""

from __future__ import annotations

import signal


def interrupt_on_signals() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt in the main thread.

    Python leaves SIGINT ignored where it was inherited so, as it is by whatever a script starts with `&`.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt
