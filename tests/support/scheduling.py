"""Which tests a worker takes together, and which come first, when several workers share them."""

from __future__ import annotations

from typing import Any

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
_FIRST = (
    "tests/e2e/",
    "tests/integration/trainer/service/",
    "tests/chaos/",
    "tests/integration/",
    "tests/simulation/",
)
"""What waits most comes first, so that quick tests fill the end."""


class Scheduling(LoadFileScheduling):
    """As `--dist loadfile`, with some folders kept whole."""

    def __init__(self, config: Any, log: Any = None) -> None:
        config.option.loadscopereorder = False  # else whatever has the fewest tests comes last
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        if file in _ALONE:
            return file
        return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


def rank(nodeid: str) -> int:
    """The lower, the earlier."""
    return next((number for number, folder in enumerate(_FIRST) if nodeid.startswith(folder)), len(_FIRST))
