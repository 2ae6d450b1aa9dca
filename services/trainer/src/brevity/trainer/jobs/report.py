"""What the process of a job tells the service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any


class JobReporter:
    """Reports to the service, one JSON object a line."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self.checkpoints: dict[str, Any] = {}
        """What was reported as finished."""

    def emit(self, kind: str, fields: Mapping[str, Any]) -> None:
        self._out.write(json.dumps({kind: fields}) + "\n")
        self._out.flush()

    def progress(self, step: str, share: float, message: str) -> None:
        self.emit("report", {"step": step, "progress": round(share, 3), "message": message})

    def checkpoint(self, **fields: Any) -> None:
        self.checkpoints |= fields
        self.emit("report", {"checkpoint": fields})
