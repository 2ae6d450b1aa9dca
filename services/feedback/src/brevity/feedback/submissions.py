"""Writing submissions from the page: long texts and files to the object store first, then `documents.submitted`."""

from __future__ import annotations

from datetime import UTC, datetime

from brevity.common.events import DocumentSubmitted, ObjectRef, encode
from brevity.common.events.documents import named
from brevity.common.ids import content_hash
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability import tracing
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import upload_key

INLINE_BYTES = 256_000
"""A longer text travels by claim check: its event then stays small for all who read the topic."""

_LONGEST_MEDIA_TYPE = 200

_MARKDOWN = (".md", ".markdown")


class Submissions:
    """Calls block; safe to share between threads. The same again is harmless: ids derive from what is submitted."""

    def __init__(self, producer: AcknowledgedProducer, store: ObjectStore) -> None:
        self._producer = producer
        self._store = store

    def text(self, document: DocumentSubmitted) -> str:
        """Submit a document that holds its text; returns its id.

        Raises:
            Unavailable: The broker or the object store did not take it.
        """
        data = (document.text or "").encode()
        document = named(document)
        if len(data) > INLINE_BYTES:
            reference = self._kept(document.tenant, data, "text/plain")
            document = document.model_copy(update={"text": None, "object": reference})
        return self._send(document)

    def file(self, document: DocumentSubmitted, name: str, data: bytes, media_type: str | None) -> str:
        """Submit a file as `document`, whose own text is left out; returns its id. Raises Unavailable."""
        if name.lower().endswith(_MARKDOWN):
            media_type = "text/markdown"  # browsers name none, or plain text
        reference = self._kept(document.tenant, data, media_type)
        return self._send(named(document.model_copy(update={"text": None, "object": reference})))

    def _kept(self, tenant: str, data: bytes, media_type: str | None) -> ObjectRef:
        key = upload_key(tenant, data)
        self._store.put(key, data)
        return ObjectRef(
            uri=f"s3://{self._store.bucket}/{key}",
            sha256=content_hash(data),
            size_bytes=len(data),
            media_type=(media_type or "")[:_LONGEST_MEDIA_TYPE] or None,
        )

    def _send(self, document: DocumentSubmitted) -> str:
        record = encode(document, source="feedback", time=datetime.now(UTC), extra=tracing.inject())
        self._producer.send([record])
        return document.document_id or ""
