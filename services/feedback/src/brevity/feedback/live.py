"""News of a tenant's store for whoever watches, from this instance or any other: the store is asked, once for all.

A watcher has a bounded queue. Who reads too slowly is told to look again (`resync`) instead of being sent everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta

from brevity.common.errors import BrevityError
from brevity.common.http.streams import Streams
from brevity.common.observability.logging import get_logger
from brevity.feedback.model import Change
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

log = get_logger(__name__)

QUEUE = 200
"""Changes a watcher may be behind."""
PAGE = 500
OVERLAP = timedelta(seconds=5)
"""How much later than its own time a change may become visible: batches are written, clocks of instances differ."""
LONGEST_ABSENCE = timedelta(hours=1)
"""Who was away for longer looks again instead of being told all."""

News = Change | None
"""None: something was left out, look again."""


class Live:
    def __init__(self, repository: Repository, settings: FeedbackBlock) -> None:
        self._repository = repository
        self._every = settings.live_poll_seconds
        self._streams = Streams(
            settings.live_streams,
            settings.live_streams_per_caller,
            "BREVITY_FEEDBACK_LIVE_STREAMS and _PER_CALLER",
        )
        self._watches: dict[str, _Watch] = {}
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End every stream, so that the service can stop."""
        self._closed.set()

    async def news(
        self, tenant: str, *, heartbeat: float, since: datetime | None = None, caller: str = ""
    ) -> AsyncGenerator[News | float]:
        """What is new for `tenant`, until `close`; a number at once, and after that many seconds without news.

        `since`: the time of the last change that was seen before; `caller`: who watches, within the tenant.

        Raises:
            Unavailable: As many watch as this instance serves, in all, for this tenant (half of all) or for this caller.
        """
        with self._streams.place(tenant, caller):
            watch = self._watches.get(tenant)
            if watch is None:
                watch = self._watches[tenant] = _Watch(self._repository, tenant, self._every)
            queue = watch.join()
            try:
                yield heartbeat
                told: set[str] = set()
                async for change in self._missed(tenant, since):
                    if change is not None:
                        told.add(change.id)
                    yield change
                while not self._closed.is_set():
                    change = await self._next(queue, heartbeat)
                    if isinstance(change, Change) and change.id in told:
                        continue
                    if not self._closed.is_set():
                        yield change
            finally:
                if watch.leave(queue):
                    del self._watches[tenant]

    async def _next(self, queue: asyncio.Queue[News], heartbeat: float) -> News | float:
        """The next news, or `heartbeat` when there was none for that long or all is being closed."""
        getting = asyncio.ensure_future(queue.get())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait({getting, closing}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else heartbeat
        finally:
            getting.cancel()
            closing.cancel()

    async def _missed(self, tenant: str, since: datetime | None) -> AsyncIterator[News]:
        if since is None:
            return
        if datetime.now(UTC) - since > LONGEST_ABSENCE:
            yield None
            return
        try:
            changes = await self._repository.changes(tenant, since, limit=PAGE)
        except BrevityError:
            yield None
            return
        for change in changes:
            yield change
        if len(changes) == PAGE:
            yield None


class _Watch:
    """Asks the store for one tenant's news while somebody watches."""

    def __init__(self, repository: Repository, tenant: str, every: float) -> None:
        self._repository = repository
        self._tenant = tenant
        self._every = every
        self._queues: set[asyncio.Queue[News]] = set()
        self._since = datetime.now(UTC) - OVERLAP
        self._seen: dict[str, datetime] = {}
        self._task = asyncio.create_task(self._run(), name=f"watch {tenant}")

    def join(self) -> asyncio.Queue[News]:
        queue: asyncio.Queue[News] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[News]) -> bool:
        """Whether that was the last one."""
        self._queues.discard(queue)
        if self._queues:
            return False
        self._task.cancel()
        return True

    async def _run(self) -> None:
        while True:
            behind = False
            try:
                behind = await self._look()
            except BrevityError as error:
                log.warning("live news wait for the store", reason=error.message)
            await asyncio.sleep(0 if behind else self._every)

    async def _look(self) -> bool:
        """Tell what is new; True when there is more."""
        began = datetime.now(UTC)
        changes = await self._repository.changes(self._tenant, self._since, limit=PAGE)
        fresh = [change for change in changes if change.id not in self._seen]
        for change in fresh:
            self._seen[change.id] = change.at
            self._tell(change)
        if len(changes) == PAGE:
            self._since = changes[-1].at
            if not fresh:  # more at one instant than a page holds: they cannot be told one by one
                self._since += timedelta(milliseconds=1)
                self._tell(None)
            return True
        self._since = max(self._since, began - OVERLAP)
        self._seen = {name: at for name, at in self._seen.items() if at >= self._since}
        return False

    def _tell(self, change: News) -> None:
        for queue in self._queues:
            behind = queue.full()
            while behind and not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None if behind else change)
