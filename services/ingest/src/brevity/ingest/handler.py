"""The stage's handler: submissions in, accepted or rejected documents out, each text once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

from brevity.common.budget import ByteBudget
from brevity.common.errors import BrevityError, Fatal, Rejected, Unavailable
from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    DocumentSubmitted,
    ObjectRef,
    Origin,
    ReadingWarning,
    TextBlock,
    decode,
    encode,
    record_time,
)
from brevity.common.ids import content_hash
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Result, Unkept, unkept_note
from brevity.common.kafka.topics import SUBMITTED_MAX_BYTES
from brevity.common.observability import tracing
from brevity.common.observability.logging import get_logger
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import rejected_key, text_key
from brevity.documents.compact import as_fields, dump_blocks
from brevity.ingest.claims import Claim, Claims
from brevity.ingest.document import Prepared, key_id, prepare, weight
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock

log = get_logger(__name__)

_MOST_BYTES, _PART_BYTES = 32_000_000, 8_000_000
"""Documents' bytes in hand at once, over all batches; and of those that are claimed together."""

_INLINE_BLOCKS_BYTES = 100_000
"""Of blocks that travel inside their event."""

_GIVEN_UP_LATE = {"crashed_worker", "output_too_large"}
"""Rejections by the stage itself, which may come after the text was claimed."""


class IngestHandler:
    """Callable as a stage's `Handler`; `dead_letter` is its `DeadLetter`. Safe to share between threads.

    Args:
        store: Holds uploads and long texts, and keeps the bytes of what is rejected.
        claims: Decide which submission of a text comes first.
        threads: Documents read at once, over all batches.
    """

    def __init__(
        self,
        store: ObjectStore,
        claims: Claims,
        settings: IngestBlock,
        metrics: IngestMetrics | None = None,
        *,
        threads: int = 8,
    ) -> None:
        self._store = store
        self._claims = claims
        self._settings = settings
        self._metrics = metrics or IngestMetrics()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ingest")
        self._budget = ByteBudget(_MOST_BYTES)

    def __call__(self, records: Sequence[Record]) -> list[Result]:
        """One result per record, in order. Raises Unavailable when MongoDB does not take the claims."""
        results: list[Result] = []
        for part, size in self._parts(records):
            with self._budget(size):
                results += self._dealt_with(part)
        return results

    def _parts(self, records: Sequence[Record]) -> Generator[tuple[Sequence[Record], int]]:
        """Neighbours whose documents are small enough together, with their bytes; a large one is alone."""
        part: list[Record] = []
        held = 0
        for record in records:
            size = weight(record, self._settings.max_bytes)
            if part and held + size > _PART_BYTES:
                yield part, held
                part, held = [], 0
            part.append(record)
            held += size
        if part:
            yield part, held

    def _dealt_with(self, records: Sequence[Record]) -> list[Result]:
        prepared = list(self._pool.map(self._prepare, records))
        wanted = [
            _claim(document, record)
            for document, record in zip(prepared, records, strict=True)
            if isinstance(document, Prepared)
        ]
        held = iter(zip(wanted, self._claims.take(wanted), strict=True))
        results: list[Result] = []
        for record, document in zip(records, prepared, strict=True):
            if isinstance(document, Unavailable):
                results.append(Failed(document))
                continue
            if isinstance(document, BrevityError):
                self._metrics.documents.labels(document.code).inc()
                results.append(Failed(document))
                continue
            mine, holder = next(held)
            try:
                results.append(self._settle(record, document, mine, holder))
            except Unavailable as error:  # the store would not take this text
                results.append(Failed(error))
        return results

    def dead_letter(self, record: Record, error: BrevityError, attempts: int) -> OutRecord:
        """The `documents.rejected` event for `record`; its bytes are kept first, so that it can be replayed."""
        submitted = self._readable(record)
        original, unkept = None, None
        keeps = len(record.value or b"") <= SUBMITTED_MAX_BYTES  # no replay could send more
        try:
            original = self._keep(record, submitted.tenant if submitted else None) if keeps else None
        except Unavailable as failure:
            unkept = failure
        event = DocumentRejected(
            document_id=(submitted.document_id if submitted else None) or key_id(record),
            tenant=submitted.tenant if submitted else None,
            code=error.code,
            message=error.message if keeps and unkept is None else f"{error.message}. {unkept_note(record)}",
            remedy=error.remedy,
            attempts=attempts,
            original=original,
            claim_id=self._claim_of(record, error),
            submitted_at=record_time(record),
            origin=_origin(record),
        )
        letter = _encode(event, record)
        if unkept is not None:
            raise Unkept(unkept, letter) from unkept
        log.info("document rejected", document_id=event.document_id, code=error.code, attempts=attempts)
        return letter

    def _prepare(self, record: Record) -> Prepared | BrevityError:
        try:
            return prepare(record, self._store, self._settings, self._metrics)
        except Fatal:
            raise
        except BrevityError as error:
            return error

    def _settle(self, record: Record, document: Prepared, mine: Claim, holder: Claim) -> Result:
        if holder == mine:
            self._metrics.documents.labels("accepted").inc()
            self._metrics.bytes.observe(len(document.data))
            self._metrics.words.observe(document.words)
            return Done((_encode(self._accepted(record, document, holder.id), record),))
        if holder.document_id == document.document_id:
            self._metrics.resends.inc()
            return Done()
        self._metrics.documents.labels("duplicate").inc()
        return Done((_encode(self._duplicate(record, document, holder), record),))

    def _accepted(self, record: Record, document: Prepared, claim_id: str) -> DocumentAccepted:
        reference = None
        if len(document.data) > self._settings.inline_bytes:
            key = text_key(document.submitted.tenant, document.data)
            self._store.put(key, document.data, content_type="text/plain; charset=utf-8")
            reference = ObjectRef(
                uri=f"s3://{self._store.bucket}/{key}",
                sha256=document.content_hash,
                size_bytes=len(document.data),
                media_type="text/plain",
            )
        blocks, blocks_ref = self._blocks(document)
        return DocumentAccepted(
            document_id=document.document_id,
            tenant=document.submitted.tenant,
            content_hash=document.content_hash,
            title=document.title,
            language=document.language,
            language_confidence=document.confidence,
            word_count=document.words,
            char_count=len(document.text),
            text=document.text if reference is None else None,
            text_ref=reference,
            summary=document.submitted.summary,
            metadata=document.submitted.metadata,
            blocks=blocks,
            blocks_ref=blocks_ref,
            warnings=[ReadingWarning(code=each.code, message=each.message) for each in document.warnings]
            or None,
            words_dropped=document.words_dropped or None,
            claim_id=claim_id,
            submitted_at=record_time(record),
            origin=_origin(record),
        )

    def _blocks(self, document: Prepared) -> tuple[list[TextBlock] | None, ObjectRef | None]:
        """Inside the event, or kept where they are many."""
        data = dump_blocks(document.blocks)
        if len(data) <= _INLINE_BLOCKS_BYTES:
            return [TextBlock(**as_fields(block)) for block in document.blocks] or None, None
        key = text_key(document.submitted.tenant, data)
        self._store.put(key, data, content_type="application/x-ndjson")
        uri = f"s3://{self._store.bucket}/{key}"
        return None, ObjectRef(
            uri=uri, sha256=content_hash(data), size_bytes=len(data), media_type="application/x-ndjson"
        )

    def _duplicate(self, record: Record, document: Prepared, holder: Claim) -> DocumentRejected:
        return DocumentRejected(
            document_id=document.document_id,
            tenant=document.submitted.tenant,
            code="duplicate",
            message=f"the same text with the same wishes was submitted before as {holder.document_id!r}",
            remedy="Use that document's summary; should that document fail, send this one again. Or ask for another length"
            " or style, or have it summarized once more by sending it with a name of yours in `again`.",
            duplicate_of=holder.document_id,
            original=self._keep(record, document.submitted.tenant),
            submitted_at=record_time(record),
            origin=_origin(record),
        )

    def _claim_of(self, record: Record, error: BrevityError) -> str | None:
        """The claim that a record given up may hold; one that was refused as it is never came to hold any."""
        if isinstance(error, Rejected) and error.code not in _GIVEN_UP_LATE:
            return None
        return self._claims.by(record.topic, record.partition, record.offset, record.log)

    def _readable(self, record: Record) -> DocumentSubmitted | None:
        if len(record.value or b"") > self._settings.max_bytes:
            return None
        try:
            return decode(DocumentSubmitted, record)
        except Rejected:
            return None

    def _keep(self, record: Record, tenant: str | None) -> ObjectRef | None:
        if not record.value:
            return None
        key = rejected_key(tenant, record.value)
        self._store.put(key, record.value, content_type="application/json")
        return ObjectRef(
            uri=f"s3://{self._store.bucket}/{key}",
            sha256=content_hash(record.value),
            size_bytes=len(record.value),
        )


def _claim(document: Prepared, record: Record) -> Claim:
    return Claim(
        document.claim_id,
        document.document_id,
        record.topic,
        record.partition,
        record.offset,
        record.log,
        document.submitted.tenant,
    )


def _origin(record: Record) -> Origin:
    return Origin(
        topic=record.topic, partition=record.partition, offset=record.offset, log=record.log or None
    )


def _encode(event: DocumentAccepted | DocumentRejected, record: Record) -> OutRecord:
    with tracing.continue_from(record.headers, "ingest", {"brevity.document_id": event.document_id or ""}):
        return encode(event, source="ingest", time=record_time(record), cause=record, extra=tracing.inject())
