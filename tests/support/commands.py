"""The `brevity` command as a person runs it, against a stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BREVITY = Path(sys.executable).with_name("brevity")


class Brevity:
    """Runs `brevity` with the settings of one stack and none of this process's own.

    Args:
        environ: The `BREVITY_*` variables.
        seconds: The longest a command may take.
    """

    def __init__(self, environ: Mapping[str, str], *, seconds: float = 100.0) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
        self._environ = {**kept, "COLUMNS": "200", **environ}
        self._seconds = seconds

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", status: int = 0) -> str:
        """Its standard output; fails unless it ends with `status`, and whenever it shows a traceback."""
        done = self.run(*arguments, stdin=stdin)
        told = done.stderr.decode()
        assert done.returncode == status, f"{arguments} ended with {done.returncode}: {told}"
        assert "Traceback" not in told
        return done.stdout.decode()

    def run(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [BREVITY, *arguments],
            env=self._environ,
            input=stdin,
            capture_output=True,
            timeout=self._seconds,
            check=False,
        )

    def lines(self, *arguments: str | Path, stdin: bytes = b"", status: int = 0) -> list[dict[str, Any]]:
        """Its standard output, read as JSON lines."""
        return [json.loads(line) for line in self(*arguments, stdin=stdin, status=status).splitlines()]
