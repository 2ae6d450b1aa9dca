"""Ray's processes under this one, where this one has started Ray: whether they live, and their end."""

from __future__ import annotations

import contextlib

import ray  # noqa: F401 - brings psutil along and makes it importable

import psutil  # isort: skip

_VITAL = ("gcs_server", "raylet")
"""Ray does not start these again."""


def vital() -> dict[str, psutil.Process]:
    """By name, those of this process's Ray without which it serves nothing for long."""
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if (name := child.name()) in _VITAL:
                found[name] = child
    return found


def lost(processes: dict[str, psutil.Process]) -> str | None:
    """The name of the first of `processes` that has ended."""
    for name, process in processes.items():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                continue
        return name
    return None


def end_children() -> None:
    """End everything below this process at once: what Ray has half started would hold ports and memory."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(children, timeout=10)
