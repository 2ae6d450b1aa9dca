"""Ctrl-C and `kill` as one exception, so that what was started is stopped in one place."""

from __future__ import annotations

import signal


def interrupt_on_signals() -> None:
    """From now on the first SIGINT or SIGTERM raises KeyboardInterrupt in the main thread; those after it are ignored: a
    group gets a signal and what `make` passes on, and a second one would break the stopping off.

    Python leaves SIGINT ignored where it was inherited so, as it is by whatever a script starts with `&`.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
