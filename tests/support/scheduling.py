"""Which tests a worker takes together, when several workers share them."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

_TOGETHER = (
    "tests/e2e/page/",
    "tests/e2e/",
    "tests/integration/feedback/page/",
    "tests/integration/trainer/service/",
)
"""Folders whose tests share servers that take long to start: one worker takes all of them."""
_ALONE = ("tests/e2e/test_dashboards.py", "tests/e2e/test_loop.py", "tests/e2e/test_make_run.py")
"""Start servers of their own."""


class Scheduling(LoadFileScheduling):
    """As `--dist loadfile`, with some folders kept whole."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file in _ALONE:
            return file
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)
