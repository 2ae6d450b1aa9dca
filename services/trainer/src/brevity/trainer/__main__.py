"""`python -m brevity.trainer`: run the service."""

from __future__ import annotations

import sys

from brevity.common.process import run_service
from brevity.trainer.app import run
from brevity.trainer.settings import TrainerSettings

if __name__ == "__main__":
    sys.exit(run_service("trainer", TrainerSettings, run))
