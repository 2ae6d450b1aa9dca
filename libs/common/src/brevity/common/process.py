"""What every service's process does around its work: settings, logs, traces, and an exit status for its supervisor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from brevity.common.errors import BrevityError
from brevity.common.observability import logging, tracing
from brevity.common.settings import Settings, load_settings

S = TypeVar("S", bound=Settings)


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
