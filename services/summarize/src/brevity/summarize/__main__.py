"""`python -m brevity.summarize serve` runs the engine's replicas, `stage` the consumer that feeds them."""

from __future__ import annotations

import sys

from brevity.common.errors import BrevityError
from brevity.common.observability import tracing
from brevity.common.observability.logging import configure
from brevity.common.settings import load_settings
from brevity.summarize.settings import SummarizeSettings

USAGE = "usage: python -m brevity.summarize serve|stage"


def main(arguments: list[str]) -> int:
    """Run one of the two processes; returns its exit status."""
    if arguments not in (["serve"], ["stage"]):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = load_settings(SummarizeSettings)
        configure(settings.telemetry, "summarize")
        tracing.configure(settings.telemetry, "summarize")
        if arguments == ["serve"]:
            from brevity.summarize.serving.app import run
        else:
            from brevity.summarize.stage import run
        run(settings)
    except BrevityError as error:
        print(f"brevity summarize: {error.message}. {error.remedy}", file=sys.stderr)
        return 1
    finally:
        tracing.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
