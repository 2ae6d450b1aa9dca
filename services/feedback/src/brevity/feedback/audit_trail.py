"""Notes in the store who did or tried what: every change, every bulk export, every refusal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.errors import BrevityError
from brevity.common.http.edge import PROBES
from brevity.common.observability.logging import get_logger
from brevity.common.observability.tracing import trace_id
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.model import AuditEntry
from brevity.feedback.repository import Repository

log = get_logger(__name__)

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED = frozenset({401, 403, 429})
_MOST_WAITING = 5_000
"""Refusals that wait to be written; a flood of them must not fill memory or the store."""
_FLUSH_SECONDS = 1.0
_A_FLUSH = 500
_LONGEST_TARGET = 500


class AuditTrail:
    """What was done is in the store before it is answered; refusals follow within a second or so."""

    def __init__(self, repository: Repository, metrics: FeedbackMetrics) -> None:
        self._repository = repository
        self._metrics = metrics
        self._waiting: deque[AuditEntry] = deque()

    async def done(self, entry: AuditEntry) -> None:
        """Write `entry` now. With the store away it is in the log alone: what was done cannot be undone."""
        try:
            await self._repository.note([entry])
        except BrevityError as error:
            self._metrics.audit_lost.inc()
            log.error(
                "audit entry is not in the store", entry=entry.model_dump(mode="json"), reason=error.message
            )

    def refused(self, entry: AuditEntry) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self._metrics.audit_lost.inc()
            return
        self._waiting.append(entry)

    async def run(self) -> None:
        """Write refusals until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits, at most some hundred entries; the store away, they wait on."""
        batch = [self._waiting[at] for at in range(min(_A_FLUSH, len(self._waiting)))]
        try:
            await self._repository.note(batch)
        except BrevityError as error:
            log.warning("audit entries wait for the store", reason=error.message, waiting=len(self._waiting))
            return
        for _ in batch:
            self._waiting.popleft()


class Audited:
    """The outermost layer of the door: sees every answer, also those given before any route ran."""

    def __init__(self, app: ASGIApp, trail: AuditTrail, noted: Callable[[str], bool]) -> None:
        self._app = app
        self._trail = trail
        self._noted = noted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, int(message["status"]))
            await send(message)

        await self._app(scope, receive, noting)

    async def _note(self, scope: Scope, status: int) -> None:
        if status in _REFUSED or (status >= 400 and scope["method"] not in _READING):
            self._trail.refused(_entry(scope, status))
        elif scope["method"] not in _READING or self._noted(scope["path"]):
            await self._trail.done(_entry(scope, status))


def _entry(scope: Scope, status: int) -> AuditEntry:
    principal: Any = scope.get("state", {}).get("principal")
    client = scope.get("client")
    return AuditEntry(
        at=datetime.now(UTC),
        tenant=principal.tenant if principal else None,
        subject=principal.subject if principal else "unknown",
        role=principal.role if principal else None,
        action=f"{scope['method'][:10]} {getattr(scope.get('route'), 'path', 'unmatched')}",
        target=scope["path"][:_LONGEST_TARGET],
        outcome="refused" if status >= 400 else "done",
        detail={"status": status, "address": client[0] if client else None},
        trace_id=trace_id(),
    )
