"""How many replicas a backlog needs: by the time it takes to drain, counted in tokens, and by the time a model takes to load.

Tokens are what the engine counts as read and written; for engines that count none, words. Only ratios of them are
used. Everything here is a function of its arguments.

A new replica works from its load time on and not before. What the present replicas have done by then needs no other
replica, so a burst shorter than that starts none. What is left then is to be done in the rest of the wanted time.
Where loading takes most of that time, a new replica must at least find work for half the wanted time, or loading it
is not worth while; the backlog is then drained within the load time and that half.

One is given up when the others keep pace with what arrives and could drain what there is in half the wanted time.
Between starting and giving up lies a factor of two, so that the number does not swing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_LEAST_SHARE = 0.5
"""Of the wanted time: what a new replica must find to do when it is ready."""
_AT_EASE = 0.5
"""Of the wanted time: what those that stay may take for the backlog when one is given up."""
_PACE = 0.8
"""Most of its time that a replica should work when one is given up; the rest is for what comes unevenly."""
_ONGOING_UNMEASURED = 2.0
"""Micro-batches for each replica as long as nothing is measured: one in work and one that waits."""


@dataclass(frozen=True, slots=True)
class Load:
    """What there is to do and how fast it is done.

    Attributes:
        waiting_tokens: Of documents that no replica has begun.
        tokens_in_work: Of those that replicas have begun, by replica; no other can help with them.
        ongoing: Micro-batches at Serve, in work or queued.
        busy: Replicas' worth of work lately: their shares of time at work, summed.
        tokens_per_second: Of one replica while it works; None before the first is measured.
        load_seconds: From a replica's start until it can work; None before the first is measured.
    """

    waiting_tokens: float
    tokens_in_work: tuple[float, ...]
    ongoing: float
    busy: float
    tokens_per_second: float | None
    load_seconds: float | None

    @property
    def backlog_tokens(self) -> float:
        return self.waiting_tokens + sum(self.tokens_in_work)


@dataclass(frozen=True, slots=True)
class Replicas:
    """Those that can work, all that are meant to be there (those that load included), and the bounds."""

    ready: int
    target: int
    fewest: int
    most: int


def wanted_replicas(load: Load, replicas: Replicas, *, drain_seconds: float, needed_lately: int) -> int:
    """The number of replicas to have, within the bounds.

    Args:
        drain_seconds: Time in which what waits should be done.
        needed_lately: The most that `needed_to_keep_up` has said within a load time: one that is given up could not be
            back sooner, should the same come again.
    """
    wanted = replicas.target
    speed, load_seconds = load.tokens_per_second, load.load_seconds
    if speed is None or load_seconds is None:
        wanted = max(wanted, math.ceil(load.ongoing / _ONGOING_UNMEASURED))
    elif (
        replicas.ready > 0
    ):  # with none, all are being replaced, and a backlog says nothing about their number
        needed = _needed_to_drain(load, replicas.ready, speed, load_seconds, drain_seconds)
        wanted = needed if needed > wanted else min(wanted, needed_lately)
    return max(replicas.fewest, min(replicas.most, wanted))


def needed_to_keep_up(load: Load, drain_seconds: float) -> int:
    """The fewest replicas, at least one, that keep pace with the work of late and drain the backlog at ease."""
    if not load.tokens_per_second:
        return 1
    for_backlog = load.backlog_tokens / (load.tokens_per_second * drain_seconds * _AT_EASE)
    return max(1, math.ceil(max(load.busy / _PACE, for_backlog)))


def _needed_to_drain(load: Load, ready: int, speed: float, load_seconds: float, drain_seconds: float) -> int:
    """Those that are ready, and new ones for what they leave when it should be done."""
    share = max(drain_seconds - load_seconds, drain_seconds * _LEAST_SHARE) * speed
    each = load_seconds * speed + share
    at_work = [max(0.0, each - tokens) for tokens in load.tokens_in_work]
    left = load.waiting_tokens - sum(at_work) - each * (ready - len(at_work))
    return ready + max(0, math.ceil(left / share))


class Highest:
    """The highest of the numbers seen within a time; each call costs O(1) on average."""

    def __init__(self) -> None:
        self._falling: deque[tuple[float, int]] = deque()

    def __call__(self, number: int, now: float, seconds: float) -> int:
        """See `number` at `now`, in seconds; the highest since `seconds` before, `number` included."""
        while self._falling and self._falling[-1][1] <= number:
            self._falling.pop()
        self._falling.append((now, number))
        while self._falling[0][0] < now - seconds:
            self._falling.popleft()
        return self._falling[0][1]
