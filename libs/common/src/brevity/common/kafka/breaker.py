"""When a partition stops giving documents up: most of its last records failed by our fault, and not one sender's alone."""

from __future__ import annotations

import json
from collections import Counter, deque
from typing import Any

from brevity.common.kafka.record import OutRecord
from brevity.common.settings import StageSettings


class Breaker:
    """The last finished records of a partition.

    What a sender got wrong never counts. What we could not do counts by tenant, each up to a share of what halts: one
    tenant whose documents all crash or fail cannot stop the others. Failures of an unknown tenant count in full.
    """

    def __init__(self, settings: StageSettings) -> None:
        self._window = settings.dead_letter_window
        self._ratio = settings.dead_letter_ratio
        self._most_of_one = settings.dead_letter_tenant_share
        self._last: deque[tuple[bool, str | None]] = deque()
        self._failed: Counter[str | None] = Counter()

    def passed(self) -> None:
        """A record was dealt with, or was the sender's fault."""
        self._add(False, None)

    def failed(self, tenant: str | None) -> bool:
        """A record of `tenant` was given up by our fault; True when the partition is to halt."""
        self._add(True, tenant)
        if len(self._last) < self._window:
            return False
        limit = self._ratio * self._window
        counted = sum(
            count if name is None else min(count, int(self._most_of_one * limit) + 1)
            for name, count in self._failed.items()
        )
        return counted > limit

    def _add(self, failed: bool, tenant: str | None) -> None:
        self._last.append((failed, tenant))
        if failed:
            self._failed[tenant] += 1
        if len(self._last) > self._window:
            was_failed, name = self._last.popleft()
            if was_failed:
                self._failed[name] -= 1
                if not self._failed[name]:
                    del self._failed[name]


def tenant_of(letter: OutRecord) -> str | None:
    """Whose document a dead letter is about, where it says so."""
    try:
        event: Any = json.loads(letter.value)
        tenant = event["tenant"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return None
    return tenant if isinstance(tenant, str) else None
