"""What every service's process does around its work: settings, logs, traces, and an exit status for its supervisor."""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.observability import logging, tracing
from brevity.common.observability.logging import get_logger
from brevity.common.settings import Settings, load_settings

log = get_logger(__name__)

S = TypeVar("S", bound=Settings)
T = TypeVar("T")

_PAUSE_SECONDS = 1.0


def run_service(name: str, settings_class: type[S], run: Callable[[S], None]) -> int:
    """Load the settings and `run` with them; 0 after a clean end, 1 when a person is needed, who is told why."""
    try:
        settings = load_settings(settings_class)
        logging.configure(settings.telemetry, name)
        tracing.configure(settings.telemetry, name)
        run(settings)
    except BrevityError as error:
        print(f"brevity {name}: {error}", file=sys.stderr)
        return 1
    finally:
        tracing.shutdown()
    return 0


def limit_memory(added: int) -> None:
    """Let this process add `added` bytes at most to the memory of its own that it holds now (data, heap and stacks, what
    is only reserved not counted): beyond that asking for memory fails, before the machine has none left. Linux only."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    held = next(
        int(line.split()[1]) << 10 for line in status.read_text().splitlines() if line.startswith("VmData")
    )
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = held + added
    resource.setrlimit(
        resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    )


def patiently(
    call: Callable[[], T], *, ending: threading.Event | None = None, seconds: float | None = None
) -> T | None:
    """What `call` returns, once what it needs is there: for the order of a start, which nobody can promise.

    Args:
        ending: Set when the process is to stop; None is returned then.
        seconds: The longest to wait; for ever when absent.

    Raises:
        Unavailable: As `call` raised it, after `seconds`.
    """
    ending = ending or threading.Event()
    deadline = None if seconds is None else time.monotonic() + seconds
    said = ""
    while not ending.is_set():
        try:
            return call()
        except Unavailable as error:
            if deadline is not None and time.monotonic() > deadline:
                raise
            if error.message != said:
                log.warning("something needed is not there yet", code=error.code, reason=error.message)
            said = error.message
            ending.wait(_PAUSE_SECONDS)
    return None


def at_start(call: Callable[[], object], ending: threading.Event) -> None:
    """`call` now or, when what it needs is not there yet, from a thread as soon as it is: a start waits for nobody.

    Raises:
        Fatal: At once, for what only a person can mend.
    """
    try:
        call()
    except Unavailable as error:
        log.warning("something needed is not there yet", code=error.code, reason=error.message)
        threading.Thread(target=_later, args=(call, ending), name="at start", daemon=True).start()


def _later(call: Callable[[], object], ending: threading.Event) -> None:
    try:
        patiently(call, ending=ending)
    except BrevityError as error:
        log.error("what is needed cannot be had", code=error.code, reason=error.message, remedy=error.remedy)
