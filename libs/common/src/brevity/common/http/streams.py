"""Places for answers that go on for long: some for each caller, half of all for a tenant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from brevity.common.errors import Unavailable


class Streams:
    """Counts the open streams of one instance. Not safe between threads: one event loop uses it.

    Args:
        most: Streams in all; a tenant has half of them at most, and never fewer than a caller may have.
        most_of_caller: Streams of one caller.
        settings: What the operator sets, for the remedy; none where they are fixed.
    """

    def __init__(self, most: int, most_of_caller: int, settings: str = "") -> None:
        self._most = most
        self._most_of_caller = most_of_caller
        self._settings = settings
        self._callers: Counter[str] = Counter()
        self._tenants: Counter[str] = Counter()

    @contextmanager
    def place(self, tenant: str, caller: str) -> Generator[None]:
        """A place until the block ends. Raises Unavailable `too_many_streams`."""
        who = f"{tenant}/{caller}"
        if (
            self._callers.total() >= self._most
            or self._callers[who] >= self._most_of_caller
            or self._tenants[tenant] >= max(self._most_of_caller, self._most // 2)
        ):
            told = f"; the operator sets {self._settings}" if self._settings else ""
            raise Unavailable(
                "as many live streams are open as this instance serves one caller, tenant or all",
                code="too_many_streams",
                remedy=f"Try again in a while; close one that is no longer read{told}.",
            )
        self._callers[who] += 1
        self._tenants[tenant] += 1
        try:
            yield
        finally:
            for counted, name in ((self._callers, who), (self._tenants, tenant)):
                counted[name] -= 1
                if not counted[name]:
                    del counted[name]
