"""Starting Ray more than once: on a machine that has other things to do it gives itself up, half started.

Its node process waits 15 s for its agents' ports, and `ray.init` 30 s for the node; neither can be set.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from brevity.common.errors import BrevityError, Fatal
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_ATTEMPTS = 8
_PAUSE_SECONDS = 2.0
_LONGEST_REASON = 300


def bring_up(
    start: Callable[[], None],
    clear_away: Callable[[], None],
    ending: threading.Event,
    *,
    attempts: int = _ATTEMPTS,
    pause_seconds: float = _PAUSE_SECONDS,
) -> None:
    """Call `start` until it succeeds, `clear_away` after each failure; returns early when `ending` is set.

    Raises:
        Fatal: It failed `attempts` times, or a setting is wrong, which trying again does not mend.
    """
    for attempt in range(1, attempts + 1):
        try:
            return start()
        except BrevityError:
            raise
        except Exception as error:  # noqa: BLE001 - Ray raises the base class itself when its start is slow
            reason = _first_line(error)
            with contextlib.suppress(Exception):  # half started, it may fail at this too
                clear_away()
            if ending.is_set():
                return None
            if attempt == attempts:
                raise Fatal(
                    f"Ray did not come up in {attempts} attempts; the last ended with: {reason}",
                    code="serve_start",
                    remedy="Give this machine more CPU or memory, or see Ray's logs under /tmp/ray/session_latest/logs, "
                    "then start it again.",
                ) from None
            log.warning(
                "Ray did not come up; it is started again", attempt=attempt, of=attempts, reason=reason
            )
            ending.wait(pause_seconds)
    return None


def _first_line(error: Exception) -> str:
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said}"[:_LONGEST_REASON]
