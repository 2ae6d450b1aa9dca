"""Kafka records as plain values, free of any client library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NUMBER = re.compile(r"[0-9]{1,6}")

Headers = tuple[tuple[str, bytes], ...]

ATTEMPT_HEADER = "brevity-attempt"
"""Which attempt a record is, from 1; set on retry and replay records only."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as consumed."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        raw = self.header(ATTEMPT_HEADER)
        # Six digits at most: on a retry topic the header may be anybody's.
        return max(1, int(raw)) if raw is not None and _NUMBER.fullmatch(raw) else 1

    def header(self, name: str) -> str | None:
        """The last header called `name`, decoded, or None."""
        for key, value in reversed(self.headers):
            if key == name:
                return value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to be produced."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = field(default=())
