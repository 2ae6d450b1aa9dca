"""Service processes that are kept running while somebody kills them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Supervised:
    """One child process, started again whenever it dies, until `stop`; its output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.kills = 0
        self.unexpected_exits: list[int] = []
        self._command = [sys.executable, *command]
        self._environ = {**os.environ, **environ}
        self._log = log
        self._lock = threading.Lock()
        self._wanted = True
        self._killing = False
        self._process = self._spawn()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as out:
            return subprocess.Popen(
                self._command, env=self._environ, stdout=out, stderr=out, start_new_session=True
            )

    def _watch(self) -> None:
        while True:
            code = self._process.wait()
            with self._lock:
                if not self._wanted:
                    return
                if not self._killing:
                    self.unexpected_exits.append(code)
                self._killing = False
                self._process = self._spawn()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL the process; it comes back by itself."""
        with self._lock:
            if self._process.poll() is None:
                self._killing = True
                self._process.kill()
                self.kills += 1

    def stop(self, *, timeout_seconds: float = 40.0) -> int:
        """SIGTERM, wait, and return the exit status; SIGKILL (status -9) for one that will not go."""
        with self._lock:
            self._wanted = False
            process = self._process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


def wait_until(what: str, condition, *, seconds: float, every: float = 0.25) -> None:
    """Poll `condition` until it holds; raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds} s")
        time.sleep(every)
