"""The echo worker with a client whose decoding of a header called `deadly` kills the process. Run by tests, with -m."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from brevity.common.kafka import intake, message
from brevity.common.kafka.record import Record
from tests.support import echo_worker


def deadly(record: Record, unread: Any) -> Record:
    read = message.with_headers(record, unread)
    if read.header("deadly"):
        os.kill(os.getpid(), signal.SIGKILL)
    return read


if __name__ == "__main__":
    setattr(intake, "with_headers", deadly)  # noqa: B010 - it is the module's own
    echo_worker.main(*sys.argv[1:])
