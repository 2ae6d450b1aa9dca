"""Feedback into the store and onto its topic, neither without the other (docs/adr/0009-outbox.md).

What is stored is marked as pending in the very record, and acknowledged then. This instance publishes it and takes the
mark off; after a crash the mark is still there, and the next start, or another instance, publishes it again under the
same event id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from brevity.common.errors import Unavailable
from brevity.common.events import encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import OutRecord
from brevity.common.observability.logging import get_logger
from brevity.feedback.judging import event_of, tally_of
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.model import Feedback
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

log = get_logger(__name__)

_BATCH = 500
_MOST_REMEMBERED = 10_000
"""Feedback kept in memory until it is published; what is beyond is found in the store."""
_RETRY_SECONDS = 1.0
_GATHER_SECONDS = 0.02
"""What is recorded within this of each other is published as one batch, rather than each with a turn of its own."""


class Outbox:
    """Stores feedback, and publishes what is stored while `run` runs."""

    def __init__(
        self,
        repository: Repository,
        producer: AcknowledgedProducer,
        settings: FeedbackBlock,
        metrics: FeedbackMetrics,
    ) -> None:
        self._repository = repository
        self._producer = producer
        self._owner = settings.instance
        self._takeover = timedelta(seconds=settings.outbox_takeover_seconds)
        self._metrics = metrics
        self._fresh: dict[str, Feedback] = {}
        self._underway: set[str] = set()
        """Ids of what is being written or waits in memory: the sweep leaves them alone."""
        self._met: set[str] = set()
        """Those of them that the present sweep has met: what it read may be of a moment when they were half done."""
        self._sweep = False
        self._wake = asyncio.Event()
        self._stopping = False

    async def record(self, feedback: Feedback) -> tuple[Feedback, bool]:
        """Keep `feedback`; with its id taken, what is there already and False. It will be published.

        Raises:
            Rejected: `not_found` when its summary is gone.
            Unavailable: The store is away; the feedback may or may not be kept, and repeating it is harmless.
        """
        name = feedback.feedback_id
        self._underway.add(name)
        self._met.add(name)
        try:
            stored, new = await self._repository.add_feedback(feedback, self._owner)
        except BaseException:
            self._underway.discard(name)
            self._sweep = True  # it may have been kept for all that
            raise
        if not new:
            if name not in self._fresh:
                self._underway.discard(name)
            return stored, False
        for kind in (stored.rating, "edit" if stored.edited_summary is not None else None):
            if kind is not None:
                self._metrics.feedback.labels(kind).inc()
        try:
            await self._add_up([stored])
            added_up = True
        except Unavailable:
            added_up = False
        if added_up and len(self._fresh) < _MOST_REMEMBERED:
            self._fresh[name] = stored
        else:  # the sweep adds up and publishes
            self._underway.discard(name)
            self._sweep = True
        self._wake.set()
        return stored, True

    def stop(self) -> None:
        """Let `run` publish what it has and return."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until `stop`; with Kafka or the store away, wait and go on."""
        self._sweep = True
        while True:
            try:
                if self._sweep:
                    await self._swept()
                await self._drain()
            except Unavailable as error:
                log.warning("feedback waits to be published", reason=error.message, waiting=len(self._fresh))
                self._sweep = True
                if self._stopping:
                    return  # the marks are in the store: the next start goes on
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if self._stopping:
                return
            await self._rest()

    async def _rest(self) -> None:
        """Until there is something to publish, or it is time to look for what others left behind."""
        try:
            await asyncio.wait_for(self._wake.wait(), self._takeover.total_seconds())
        except TimeoutError:
            self._sweep = True
        if not self._stopping:
            await asyncio.sleep(_GATHER_SECONDS)
        self._wake.clear()

    async def _drain(self) -> None:
        while self._fresh:
            batch = list(islice(self._fresh.values(), _BATCH))
            await self._publish(batch, "sent")
            for feedback in batch:
                del self._fresh[feedback.feedback_id]
                self._underway.discard(feedback.feedback_id)

    async def _swept(self) -> None:
        """Publish what the store still marks: ours from before a crash, and others' that they have not for long."""
        self._sweep = False
        while True:
            self._met = set(self._underway)
            left = await self._repository.pending(
                self._owner, datetime.now(UTC) - self._takeover, limit=_BATCH
            )
            mine = [
                item.feedback
                for item in left
                if item.feedback.feedback_id not in self._met
                and (item.owner == self._owner or await self._repository.take_over(item, self._owner))
            ]
            await self._add_up(mine)
            await self._publish(mine, "recovered")
            if len(left) < _BATCH:
                return
            if not mine:  # all underway: they are published from memory first
                self._sweep = True
                return

    async def _publish(self, batch: Sequence[Feedback], how: str) -> None:
        if not batch:
            return
        self._metrics.outbox.set(max(len(self._fresh), len(batch)))
        await asyncio.to_thread(self._producer.send, [_record(feedback) for feedback in batch])
        await self._repository.published([feedback.feedback_id for feedback in batch])
        self._metrics.published.labels(how).inc(len(batch))
        self._metrics.outbox.set(max(0, len(self._fresh) - len(batch)))

    async def _add_up(self, entries: Sequence[Feedback]) -> None:
        """Bring the tallies of these entries' summaries up to date."""
        for tenant, summary_id in dict.fromkeys((entry.tenant, entry.summary_id) for entry in entries):
            known = await self._repository.feedback_of(tenant, summary_id)
            await self._repository.set_tally(tenant, summary_id, tally_of(known), len(known))


def _record(feedback: Feedback) -> OutRecord:
    return encode(event_of(feedback), source="feedback", time=feedback.recorded_at)


async def running(outbox: Outbox) -> None:
    """`outbox.run`, started again if it breaks: what is marked must never be left."""
    while True:
        try:
            await outbox.run()
            return
        except Exception as error:
            log.error("the outbox starts again", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(_RETRY_SECONDS)
