"""`python -m brevity.feedback`: run the service."""

from __future__ import annotations

import sys

from brevity.common.process import run_service
from brevity.feedback.app import run
from brevity.feedback.settings import FeedbackSettings

if __name__ == "__main__":
    sys.exit(run_service("feedback", FeedbackSettings, run))
