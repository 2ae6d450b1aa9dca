"""Liveness and readiness that mean it.

Alive: the work loop has made a turn lately; restarting helps when it has not. Ready: what callers need answers now;
restarting would not help, so a failing dependency makes a service unready, never dead. What only work behind the door
needs, say a stage whose documents wait on their topic meanwhile, makes it degraded: nobody is turned away for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from brevity.common.errors import BrevityError
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

Ping = Callable[[], Awaitable[None] | None]
"""Returns when all is well and raises when it is not. May block (it runs in a thread of its own) or be a coroutine function."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must answer for the service to be ready, e.g. `Check("object_store", store.ping)`.

    Attributes:
        stops: What stands still while it does not answer, where callers can be served all the same.
    """

    name: str
    ping: Ping
    stops: str | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """`failing` holds the names of the checks that did not pass, in the order they were declared; `degraded` those that
    stop no caller, and `reasons` what is wrong with either."""

    failing: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict[str, str])

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
        wrong = await asyncio.gather(*(self._wrong(check) for check in self.checks))
        found = [(check, why) for check, why in zip(self.checks, wrong, strict=True) if why is not None]
        readiness = Readiness(
            tuple(check.name for check, _ in found if check.stops is None),
            tuple(check.name for check, _ in found if check.stops is not None),
            {check.name: f"{why}; stops {check.stops}" if check.stops else why for check, why in found},
        )
        self._last = (time.monotonic(), readiness)
        return readiness

    async def _wrong(self, check: Check) -> str | None:
        """What is wrong with it, if anything."""
        # A ping that still hangs from an earlier probe is waited for again, not started anew: a dependency that
        # never answers must not use up the threads.
        task = self._running.get(check.name)
        if task is None or task.done():
            task = asyncio.create_task(_run(check.ping), name=f"ping {check.name}")
            task.add_done_callback(_heard)  # one that fails when its probe has gone is asked for by nobody
            self._running[check.name] = task
        done, _ = await asyncio.wait({task}, timeout=self.timeout_seconds)
        if not done:
            error: BaseException | None = TimeoutError(f"no answer within {self.timeout_seconds:g} s")
        else:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self._report(check.name, error)
        if error is None:
            return None
        # Others' errors may quote addresses or secrets.
        return (
            error.message
            if isinstance(error, BrevityError)
            else str(error)
            if not done
            else type(error).__name__
        )

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


def _heard(task: asyncio.Task[None]) -> None:
    """Else asyncio logs the error as one that was never retrieved."""
    if not task.cancelled():
        task.exception()


async def _run(ping: Ping) -> None:
    result = await (ping() if inspect.iscoroutinefunction(ping) else _in_own_thread(ping))
    if result is not None:
        await result


async def _in_own_thread(ping: Ping) -> Awaitable[None] | None:
    """Not in the loop's pool: slow requests, or another dependency that hangs, must not keep this one from being asked."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Awaitable[None] | None] = loop.create_future()

    def tell(value: Awaitable[None] | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)

    def ask() -> None:
        value, error = None, None
        try:
            value = ping()
        except StopIteration as odd:  # no future takes it
            error = RuntimeError(repr(odd))
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, value, error)

    threading.Thread(target=ask, name="ping", daemon=True).start()
    return await answer
