"""Which model versions write summaries now, as far as the ledger and the store know."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from brevity.feedback.ledger.entries import Entry, in_production
from brevity.feedback.ledger.store import LedgerStore
from brevity.feedback.repository import Repository

_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Serving:
    """What one engine serves.

    Attributes:
        versions: How summaries name the versions that write now: two while a canary shares the documents, whose share
            is the engine's own choice. Empty when nothing is known.
        since: Names the decision that brought them into service, the same in any process.
    """

    versions: frozenset[str]
    since: str


class InService:
    """Answers from the ledger; without an entry of the engine, from the tenant's latest summary by it."""

    def __init__(self, ledger: LedgerStore, repository: Repository) -> None:
        self._ledger = ledger
        self._repository = repository
        self._read: tuple[float, Sequence[Entry]] = (0.0, ())

    async def of(self, engine: str, tenant: str) -> Serving:
        """Raises Unavailable."""
        entries = await self._entries()
        now = in_production(entries, engine, datetime.now(UTC))
        if now is not None and (found := writing(now)):
            return Serving(found, now.promotion_id)
        kinds = [kind for kind in await self._repository.kinds(tenant) if kind.engine == engine]
        if not kinds:
            return Serving(frozenset(), "")
        latest = max(kinds, key=lambda kind: (kind.last_submitted_at, kind.model_version)).model_version
        return Serving(frozenset({latest}), latest)

    async def _entries(self) -> Sequence[Entry]:
        at, entries = self._read
        if time.monotonic() - at >= _FRESH_SECONDS or not at:
            entries = await self._ledger.entries()
            self._read = (time.monotonic(), entries)
        return entries


def writing(entry: Entry) -> frozenset[str]:
    """The versions that write summaries under a promotion: a shadow writes none, a canary shares with the one before."""
    mode = entry.rollout.mode
    names = set[str | None]()
    if mode != "shadow":
        names.add(entry.model_version)
    if mode != "full":
        names.add(entry.previous_model_version)
    return frozenset(name for name in names if name)
