"""Writing submissions: to the object store first where they are files, then to `documents.submitted`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, ObjectRef, encode
from brevity.common.events.documents import named
from brevity.common.ids import content_hash
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import OutRecord
from brevity.common.observability import tracing
from brevity.common.settings import KafkaSettings
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import upload_key
from brevity.documents.kinds import kind_of
from brevity.ingest.settings import IngestBlock

_LONGEST_MEDIA_TYPE = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """A submission that Kafka has: its document, and where its record lies."""

    document_id: str
    topic: str
    partition: int
    offset: int


class Submitter:
    """An idempotent producer of submissions; safe to share between threads."""

    def __init__(self, kafka: KafkaSettings, store: ObjectStore, settings: IngestBlock) -> None:
        self._producer = AcknowledgedProducer(kafka, DocumentSubmitted.topic)
        self._store = store
        self._settings = settings
        self.bucket = store.bucket

    def send(self, document: DocumentSubmitted) -> Sent:
        """Write `document` and wait until the broker has it.

        Raises:
            Rejected: It is larger than is accepted.
            Unavailable: The broker did not take it in time; sending it again is harmless.
        """
        document = named(document)
        record = _record(document)
        if len(record.value) > self._settings.max_bytes:
            raise too_large(len(record.value), self._settings.max_bytes)
        [placed] = self._producer.send([record])
        return Sent(document.document_id or "", placed.topic, placed.partition, placed.offset)

    def ping(self) -> None:
        """Raises Unavailable unless Kafka answers for the topic that submissions go to."""
        self._producer.ping()

    def upload(self, tenant: str, data: bytes, media_type: str | None, name: str | None = None) -> ObjectRef:
        """Keep the bytes of a tenant's file and return their reference. Raises Rejected (size, type) or Unavailable."""
        if len(data) > self._settings.max_bytes:
            raise too_large(len(data), self._settings.max_bytes)
        kind_of(data, media_type, name)
        key = upload_key(tenant, data)
        self._store.put(key, data)
        return ObjectRef(
            uri=f"s3://{self._store.bucket}/{key}",
            sha256=content_hash(data),
            size_bytes=len(data),
            media_type=(media_type or "")[:_LONGEST_MEDIA_TYPE] or None,
        )


def _record(document: DocumentSubmitted) -> OutRecord:
    return encode(document, source="ingest", time=datetime.now(UTC), extra=tracing.inject())


def too_large(size: int, limit: int) -> Rejected:
    return Rejected(
        f"the document has {size:,} bytes, over the limit of {limit:,}",
        code="too_large",
        remedy="Split the document, or have BREVITY_INGEST_MAX_BYTES raised.",
    )
