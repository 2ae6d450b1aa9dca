"""Liveness and readiness that mean it.

Alive: the work loop has made a turn lately; restarting helps when it has not. Ready: what the service needs answers
now; restarting would not help, so a failing dependency makes a service unready, never dead.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

Ping = Callable[[], Awaitable[None] | None]
"""Returns when all is well and raises when it is not. May block (it runs in a thread) or be a coroutine function."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must answer for the service to be ready, e.g. `Check("object_store", store.ping)`."""

    name: str
    ping: Ping


@dataclass(frozen=True, slots=True)
class Readiness:
    """`failing` holds the names of the checks that did not pass, in the order they were declared."""

    failing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.failing


@dataclass
class Health:
    """Answers the probes of one service.

    Attributes:
        checks: Pinged side by side, each with `timeout_seconds`.
        heartbeat: Seconds since the work loop last turned; None for a service that has none.
        max_heartbeat_seconds: A loop silent for longer is dead.
        cache_seconds: Answers this fresh are reused, so that frequent probes do not load the dependencies.
    """

    checks: Sequence[Check] = ()
    heartbeat: Callable[[], float] | None = None
    max_heartbeat_seconds: float = 60.0
    timeout_seconds: float = 2.0
    cache_seconds: float = 1.0
    report: Callable[[str, bool], None] | None = None
    """Told of every check's outcome, by its name."""
    _last: tuple[float, Readiness] | None = field(default=None, init=False)
    _running: dict[str, asyncio.Task[None]] = field(
        default_factory=dict[str, "asyncio.Task[None]"], init=False
    )
    _failing: set[str] = field(default_factory=set[str], init=False)

    def alive(self) -> bool:
        return self.heartbeat is None or self.heartbeat() <= self.max_heartbeat_seconds

    async def ready(self) -> Readiness:
        if self._last is not None and time.monotonic() - self._last[0] < self.cache_seconds:
            return self._last[1]
        passed = await asyncio.gather(*(self._passes(check) for check in self.checks))
        readiness = Readiness(
            tuple(check.name for check, ok in zip(self.checks, passed, strict=True) if not ok)
        )
        self._last = (time.monotonic(), readiness)
        return readiness

    async def _passes(self, check: Check) -> bool:
        # A ping that still hangs from an earlier probe is waited for again, not started anew: a dependency that
        # never answers must not use up the threads.
        task = self._running.get(check.name)
        if task is None or task.done():
            task = asyncio.create_task(_run(check.ping), name=f"ping {check.name}")
            self._running[check.name] = task
        done, _ = await asyncio.wait({task}, timeout=self.timeout_seconds)
        error = (task.exception() if not task.cancelled() else None) if done else TimeoutError()
        self._report(check.name, error)
        return error is None and bool(done) and not task.cancelled()

    def _report(self, name: str, error: BaseException | None) -> None:
        """Log a change of state, not every probe."""
        if self.report is not None:
            self.report(name, error is None)
        if error is not None and name not in self._failing:
            self._failing.add(name)
            log.warning(
                "dependency does not answer", dependency=name, error=type(error).__name__, reason=str(error)
            )
        elif error is None and name in self._failing:
            self._failing.discard(name)
            log.info("dependency answers again", dependency=name)


async def _run(ping: Ping) -> None:
    if inspect.iscoroutinefunction(ping):
        await ping()
    else:
        result = await asyncio.to_thread(ping)
        if result is not None:
            await result
