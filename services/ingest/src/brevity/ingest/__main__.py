"""`python -m brevity.ingest`: run the service."""

from __future__ import annotations

import sys

from brevity.common.errors import BrevityError
from brevity.common.observability import logging, tracing
from brevity.common.settings import load_settings
from brevity.ingest.app import run
from brevity.ingest.settings import IngestSettings


def main() -> int:
    try:
        settings = load_settings(IngestSettings)
        logging.configure(settings.telemetry, "ingest")
        tracing.configure(settings.telemetry, "ingest")
        run(settings)
    except BrevityError as error:
        print(f"brevity ingest: {error}", file=sys.stderr)
        return 1
    finally:
        tracing.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
