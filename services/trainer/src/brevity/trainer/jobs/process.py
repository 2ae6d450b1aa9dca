"""A job's own process: started, watched, bounded in time and memory, and gone when its service is.

It gets the job as one JSON line on standard input, which then stays open: when the service dies, input ends, and the
process ends itself. It reports with JSON lines on standard output; what it writes to standard error is its log.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

import psutil

from brevity.common.settings import Block

WORKER = (sys.executable, "-m", "brevity.trainer.worker")
_LONGEST_LINE = 1_000


class Limits(Block):
    """Seconds a job may take, and bytes its processes may hold together."""

    seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """A line of the process: fields that changed (`report`), its end (`result`, `error`), or a line of its log."""

    kind: Literal["report", "result", "error", "log"]
    fields: Mapping[str, Any]


class JobProcess:
    """One running job.

    Args:
        job: What the process gets as its first line.
        command: The program; the worker of this service unless a test says otherwise.
        environ: Its environment; this process's own when absent.
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        limits: Limits,
        *,
        command: Sequence[str] = WORKER,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._limits = limits
        self._began = time.monotonic()
        self._reports: queue.Queue[Report] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if environ is None else dict(environ),
            start_new_session=True,  # a Ctrl-C is the service's to handle
        )
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        if stdin is None or stdout is None or stderr is None:
            raise AssertionError("they were asked for as pipes")
        self._readers = [
            threading.Thread(target=self._read, args=(stdout, _reported), daemon=True),
            threading.Thread(target=self._read, args=(stderr, _logged), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        with contextlib.suppress(BrokenPipeError):  # it died at once: its exit says so
            stdin.write(json.dumps(job).encode() + b"\n")
            stdin.flush()

    def next(self, wait_seconds: float) -> list[Report]:
        """What it said since the last call; waits that long for the first report."""
        found: list[Report] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._reports.get(timeout=wait_seconds))
            while True:
                found.append(self._reports.get_nowait())
        return found

    def rest(self, wait_seconds: float) -> list[Report]:
        """What else it says until it ends, within that time: its log comes by another pipe than its last word."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_seconds)
            for reader in self._readers:
                reader.join(wait_seconds)
        return self.next(0)

    def exit_status(self) -> int | None:
        """None while it runs; all it said is there to be read once this is not None."""
        status = self._process.poll()
        if status is not None:
            for reader in self._readers:
                reader.join(5)
        return status

    def memory_bytes(self) -> int:
        """What it and its children hold."""
        total = 0
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(self._process.pid)
            for process in (root, *root.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def over(self) -> str | None:
        """Which limit it is over, as a sentence."""
        if time.monotonic() - self._began > self._limits.seconds:
            return f"it took longer than {self._limits.seconds:g} s"
        if self.memory_bytes() > self._limits.memory_bytes:
            return f"it held more than {self._limits.memory_bytes / 1e6:,.0f} MB of memory"
        return None

    def kill(self) -> None:
        """End it and its children at once. Harmless when it has ended."""
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _read(self, pipe: IO[bytes], report: Any) -> None:
        with contextlib.suppress(ValueError, OSError):  # closed by `kill`
            for line in pipe:
                self._reports.put(report(line.decode("utf-8", "replace").rstrip()))


def _reported(line: str) -> Report:
    try:
        value = json.loads(line)
        (kind, fields) = next(iter(value.items()))
        if kind in {"report", "result", "error"} and isinstance(fields, dict):
            return Report(kind, fields)
    except (ValueError, AttributeError, StopIteration):
        pass
    return _logged(line)


def _logged(line: str) -> Report:
    return Report("log", {"line": line[:_LONGEST_LINE]})
