"""The source text of a summary, from the store or from where it lies in the object store."""

from __future__ import annotations

import asyncio

from brevity.common.errors import Rejected
from brevity.common.events import ObjectRef, SummaryCompleted
from brevity.common.storage.objects import ObjectStore
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock


class Sources:
    def __init__(self, repository: Repository, store: ObjectStore, settings: FeedbackBlock) -> None:
        self._repository = repository
        self._store = store
        self._max_bytes = settings.max_text_bytes

    async def text_of(self, summary: SummaryCompleted) -> str | None:
        """The text that was summarized, or None when it is there no more. Raises Unavailable."""
        document = await self._repository.document(summary.tenant, summary.document_id, summary.content_hash)
        if document is None:
            return None
        if document.event.text_ref is None:
            return document.event.text
        return await asyncio.to_thread(self._fetched, document.event.text_ref)

    def _fetched(self, reference: ObjectRef) -> str | None:
        try:
            return self._store.get(
                reference.object_key, max_bytes=self._max_bytes, bucket=reference.bucket
            ).decode("utf-8")
        except (Rejected, UnicodeDecodeError):
            return None
