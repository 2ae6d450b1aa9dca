"""The port to the store. `tests/integration/feedback/test_repository*.py` say what every adapter must do.

All calls raise Unavailable when the store is away and Rejected `store_refused` when it will not take a value. All
writes are idempotent: the same call again changes nothing. Every read names its tenant and sees that tenant alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from brevity.feedback.model import (
    AuditEntry,
    Change,
    Erased,
    Feedback,
    Group,
    Heard,
    Page,
    Pending,
    PipelineEvent,
    StoredDocument,
    StoredOutcome,
    StoredSummary,
    SummaryFilter,
    SummaryKind,
    Tally,
    Unreadable,
)


class Repository(Protocol):
    async def prepare(self) -> None:
        """Make the indexes what they are declared to be."""
        ...

    async def ping(self) -> None: ...

    # What the pipeline said

    async def save(self, events: Sequence[PipelineEvent], seen: Sequence[datetime] | None = None) -> None:
        """Keep `events`; those of documents erased after their submission are left out.

        Args:
            seen: When each was written; now, when left out. A submission's own time may be a sender's, and is not
                believed when it is later.
        """
        ...

    async def save_unreadable(self, records: Sequence[Unreadable]) -> None: ...

    async def summaries(
        self, tenant: str, wanted: SummaryFilter, *, limit: int, cursor: str | None = None
    ) -> Page[StoredSummary]:
        """Newest submission first. Raises Rejected `bad_cursor`."""
        ...

    async def summary(self, tenant: str, summary_id: str) -> StoredSummary | None: ...

    async def document(
        self, tenant: str, document_id: str, content_hash: str | None = None
    ) -> StoredDocument | None:
        """One version of a document's text; the newest when no hash is given."""
        ...

    async def outcomes(self, tenant: str, document_id: str) -> list[StoredOutcome]:
        """Rejections and failures of a document, oldest first."""
        ...

    async def stands(self, tenant: str, document_id: str, since: datetime | None = None) -> Heard | None:
        """What says how a document stands (`brevity.common.events.versions`); None when nothing was heard of it.

        Args:
            since: Leaves out what was submitted before.
        """
        ...

    async def statistics(self, tenant: str, wanted: SummaryFilter) -> list[Group]:
        """Counts of the wanted summaries. A day of very many may be counted as it stood a little earlier; where words
        are looked for, the newest 20,000 that hold them count."""
        ...

    async def kinds(self, tenant: str) -> list[SummaryKind]:
        """What kinds of summaries there are, without reading any: some may name a kind whose last one is gone."""
        ...

    async def changes(self, tenant: str, since: datetime, *, limit: int = 500) -> list[Change]:
        """What was first stored at or after `since`, oldest first."""
        ...

    # What people said

    async def add_feedback(self, feedback: Feedback, owner: str) -> tuple[Feedback, bool]:
        """Keep `feedback` as pending under `owner`; with the id taken, what is there already and False.

        Raises Rejected `not_found` when the summary is not there, or goes while this is written.
        """
        ...

    async def feedback_of(self, tenant: str, summary_id: str) -> list[Feedback]:
        """Oldest first."""
        ...

    def all_feedback(self, tenant: str, *, edits_only: bool = False) -> AsyncIterator[Feedback]:
        """Oldest first."""
        ...

    async def set_tally(self, tenant: str, summary_id: str, tally: Tally, version: int) -> None:
        """Replace the summary's tally, unless one of a higher version is there."""
        ...

    async def pending(self, owner: str, others_before: datetime, *, limit: int = 500) -> list[Pending]:
        """Unpublished feedback of `owner`, and of others when older than `others_before`; oldest first."""
        ...

    async def take_over(self, pending: Pending, owner: str) -> bool:
        """Make `owner` the one to publish it; False when someone else did so first."""
        ...

    async def published(self, feedback_ids: Sequence[str]) -> None: ...

    # Access and erasure

    async def note(self, entries: Sequence[AuditEntry]) -> None:
        """Append to the audit log."""
        ...

    async def audit(self, tenant: str, *, limit: int = 100) -> list[AuditEntry]:
        """Newest first."""
        ...

    async def erase(self, tenant: str, document_id: str) -> Erased:
        """Remove a document and all that came from it, and keep it out when its topics are read again.

        What is left to do outside the store (objects, events of feedback) is kept until `erased`: asking again after a
        failure names all of it again.
        """
        ...

    async def referred_to(self, addresses: Iterable[str]) -> set[str]:
        """Those of `addresses` that records refer to, of every tenant: older versions kept the same text of all in one
        place."""
        ...

    async def erased(self, tenant: str, document_id: str) -> None:
        """Note that what `erase` named outside the store is gone too."""
        ...
