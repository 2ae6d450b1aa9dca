"""Kafka records as plain values, free of any client library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADER_FRAMING_BYTES = 10
_NUMBER = re.compile(r"[0-9]{1,6}")

Headers = tuple[tuple[str, bytes | None], ...]
"""Names may repeat and values may be null: Kafka allows both, and tracing libraries write them."""

ASIDE_HEADER = "brevity-aside"
"""Set on a record of a retry topic that takes long and was set aside, so that others pass it."""

ATTEMPT_HEADER = "brevity-attempt"
"""Which attempt a record is, from 1; set on retry and replay records only."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as consumed.

    Attributes:
        unreadable: Why its headers cannot be read; they are left out then. Empty for a record that is whole.
        log: Which log the offset counts in: the topic's id and the leader's epoch that wrote the record; "" when unknown.
            The same record always has the same, and no other record at the same coordinates does.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0
    unreadable: str = ""
    log: str = ""

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        raw = self.header(ATTEMPT_HEADER)
        # Six digits at most: on a retry topic the header may be anybody's.
        return max(1, int(raw)) if raw is not None and _NUMBER.fullmatch(raw) else 1

    @property
    def aside(self) -> bool:
        """Whether it was set aside: it is worked on by itself, beside others."""
        return self.header(ASIDE_HEADER) is not None

    def header(self, name: str) -> str | None:
        """The last header called `name`, decoded; None when there is none or its value is null."""
        for key, value in reversed(self.headers):
            if key == name:
                return None if value is None else value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to be produced.

    Attributes:
        timestamp_ms: Its time; 0 for the moment it is written.
    """

    topic: str
    key: bytes
    value: bytes
    headers: Headers = field(default=())
    timestamp_ms: int = 0

    @property
    def size(self) -> int:
        """Bytes of its key, value and headers, with the most that the headers' own lengths can take."""
        headers = sum(
            len(name.encode()) + len(value or b"") + _HEADER_FRAMING_BYTES for name, value in self.headers
        )
        return len(self.key) + len(self.value) + headers
