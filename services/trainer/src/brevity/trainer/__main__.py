"""`python -m brevity.trainer`: run the service."""

from __future__ import annotations

import sys

from brevity.common.errors import BrevityError
from brevity.common.observability import logging, tracing
from brevity.common.settings import load_settings
from brevity.trainer.app import run
from brevity.trainer.settings import TrainerSettings


def main() -> int:
    try:
        settings = load_settings(TrainerSettings)
        logging.configure(settings.telemetry, "trainer")
        tracing.configure(settings.telemetry, "trainer")
        run(settings)
    except BrevityError as error:
        print(f"brevity trainer: {error}", file=sys.stderr)
        return 1
    finally:
        tracing.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
