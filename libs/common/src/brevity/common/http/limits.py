"""How often a caller may ask at a door, and whose keys were good there, in bounded memory."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_CALLERS = 10_000
"""Buckets kept; the caller seen longest ago is forgotten first and would start with a full bucket again."""


class TokenBuckets:
    """Each caller may make `burst` requests at once and `rate` a second in the long run.

    Not safe between threads: one event loop uses it.
    """

    def __init__(self, rate: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, caller: str) -> int:
        """Take a token; 0 when there was one, else the whole seconds to wait for the next."""
        tokens = self._tokens(caller)
        self._buckets[caller] = (tokens - 1 if tokens >= 1 else tokens, self._clock())
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        return self._wait(tokens)

    def wait(self, caller: str) -> int:
        """What `take` would return, with nothing taken."""
        return self._wait(self._tokens(caller))

    def _tokens(self, caller: str) -> float:
        now = self._clock()
        tokens, at = self._buckets.get(caller, (float(self._burst), now))
        return min(self._burst, tokens + (now - at) * self._rate)

    def _wait(self, tokens: float) -> int:
        return 0 if tokens >= 1 else math.ceil((1 - tokens) / self._rate)


class GoodKeys:
    """Which keys were found good from which addresses; the one unused for longest is forgotten first.

    Only good keys get in, so that nobody who guesses can push others out. Not safe between threads.
    """

    def __init__(self, most: int = MAX_CALLERS) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, address: str, key: str) -> None:
        self._seen[_pair(address, key)] = None
        self._seen.move_to_end(_pair(address, key))
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def __contains__(self, pair: tuple[str, str]) -> bool:
        """Whether this (address, key) was good before."""
        return _pair(*pair) in self._seen


def _pair(address: str, key: str) -> tuple[str, bytes]:
    return address, hashlib.sha256(key.encode()).digest()


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits, since whoever has one address there has them all."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
