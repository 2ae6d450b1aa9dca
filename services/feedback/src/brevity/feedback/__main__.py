"""`python -m brevity.feedback`: run the service."""

from __future__ import annotations

import sys

from brevity.common.errors import BrevityError
from brevity.common.observability import logging, tracing
from brevity.common.settings import load_settings
from brevity.feedback.app import run
from brevity.feedback.settings import FeedbackSettings


def main() -> int:
    try:
        settings = load_settings(FeedbackSettings)
        logging.configure(settings.telemetry, "feedback")
        tracing.configure(settings.telemetry, "feedback")
        run(settings)
    except BrevityError as error:
        print(f"brevity feedback: {error}", file=sys.stderr)
        return 1
    finally:
        tracing.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
