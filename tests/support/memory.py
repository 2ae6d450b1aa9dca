"""The most memory that this process has held."""

from __future__ import annotations

import contextlib
import re
import resource
from pathlib import Path


def peak_bytes() -> int:
    """The peak of this process's resident memory.

    On Linux not by getrusage: a process begins there with the peak of the one that started it, so that whatever takes
    less than that seems to take nothing.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found is not None
    return int(found[1]) * 1024


def forget_peak() -> None:
    """Begin to measure anew; where the system cannot, the peak stays what it was."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
