"""`python -m brevity.ingest`: run the service."""

from __future__ import annotations

import sys

from brevity.common.process import run_service
from brevity.ingest.app import run
from brevity.ingest.settings import IngestSettings

if __name__ == "__main__":
    sys.exit(run_service("ingest", IngestSettings, run))
