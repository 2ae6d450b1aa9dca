"""One submission to one accepted document: the work of ingest apart from claims and events."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, decode
from brevity.common.events.base import Identifier
from brevity.common.ids import content_hash, deterministic_id
from brevity.common.kafka.record import Record
from brevity.common.storage.objects import ObjectStore
from brevity.documents import Document, Limits, read
from brevity.documents.languages import language_of, language_warnings
from brevity.documents.model import Block, Warned
from brevity.ingest import references
from brevity.ingest.claims import claim_id
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from brevity.nlp.language import Detection
from brevity.nlp.words import count_words

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_LONGEST_TITLE = 300
_LARGE = 1_000_000  # bytes
_TURNS = threading.Semaphore(2)
"""For large documents, each of which may take fifteen times its bytes while it is worked on."""
_REFERS = re.compile(rb'"object"\s*:\s*\{')
_DECLARED_SIZE = re.compile(rb'"size_bytes"\s*:\s*([0-9]{1,12})')


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission fit to be accepted, unless its text has been accepted before."""

    submitted: DocumentSubmitted
    document_id: str
    title: str | None
    text: str
    data: bytes
    content_hash: str
    language: str
    confidence: float
    words: int
    blocks: Sequence[Block] = ()
    warnings: Sequence[Warned] = ()
    words_dropped: int = 0

    @property
    def claim_id(self) -> str:
        """Same tenant, text and wish: same summary, unless it is wanted again."""
        told = self.submitted
        return claim_id(told.tenant, self.content_hash, told.summary, told.again)


def weight(record: Record, max_bytes: int) -> int:
    """Bytes of the document that `record` holds or refers to: the largest allowed where it does not say."""
    value = record.value or b""
    if not _REFERS.search(value):
        return len(value)
    declared = _DECLARED_SIZE.search(value)
    return len(value) + (min(int(declared[1]), max_bytes) if declared else max_bytes)


def key_id(record: Record) -> str | None:
    """The record's key when it can be a document's id."""
    try:
        return _IDENTIFIER.validate_python((record.key or b"").decode("utf-8"))
    except (UnicodeDecodeError, ValidationError):
        return None


def prepare(record: Record, store: ObjectStore, settings: IngestBlock, metrics: IngestMetrics) -> Prepared:
    """Decode, fetch, extract, normalise and measure. Raises Rejected with the reason; Unavailable."""
    _check_size(len(record.value or b""), settings)  # before the JSON is read: it could not be afforded
    with ExitStack() as turn:
        turn.enter_context(_turn(len(record.value or b"")))
        submitted = decode(DocumentSubmitted, record)
        found: str | bytes = submitted.text or ""
        if submitted.object is not None:
            found = references.fetch(record, submitted, store, settings)
            turn.enter_context(_turn(len(found)))
        return _prepare(record, submitted, found, settings, metrics)


def _turn(size: int) -> AbstractContextManager[object]:
    return _TURNS if size > _LARGE else nullcontext()


def _prepare(
    record: Record,
    submitted: DocumentSubmitted,
    found: str | bytes,
    settings: IngestBlock,
    metrics: IngestMetrics,
) -> Prepared:
    began = time.perf_counter()
    document = _read(submitted, found, settings)
    metrics.extract_seconds.labels(document.format).observe(time.perf_counter() - began)
    text = document.text
    data = text.encode("utf-8")
    _check_size(len(data), settings)
    if submitted.language is not None:
        language, confidence = submitted.language, 1.0
    else:
        language, confidence = language_of(document)
    words = count_words(text, language)
    if words < settings.min_words:
        raise Rejected(
            f"the document has {words} words, fewer than {settings.min_words}",
            code="no_text",
            remedy="Send a document that is long enough to be summarized.",
        )
    detection = Detection(language, confidence)
    digest = content_hash(data)
    title = submitted.title or (document.title or "")[:_LONGEST_TITLE] or None
    return Prepared(
        submitted=submitted,
        document_id=submitted.document_id
        or key_id(record)
        or deterministic_id("doc", submitted.tenant, digest),
        title=title,
        text=text,
        data=data,
        content_hash=digest,
        language=language,
        confidence=confidence,
        words=words,
        blocks=document.blocks,
        warnings=[*document.warnings, *language_warnings(document, detection)],
        words_dropped=document.words_dropped,
    )


def _read(submitted: DocumentSubmitted, found: str | bytes, settings: IngestBlock) -> Document:
    declared = submitted.object.media_type if submitted.object else None
    name = submitted.object.object_key.rsplit("/", 1)[-1] if submitted.object else None
    return read(found, declared or submitted.media_type, name, limits_of(settings, submitted.tenant))


def limits_of(settings: IngestBlock, tenant: str) -> Limits:
    """What reading one file of `tenant` may take."""
    return Limits(
        seconds=settings.extract_seconds,
        memory=settings.extract_memory_bytes,
        most_characters=settings.max_bytes,
        caller=tenant,
    )


def _check_size(size: int, settings: IngestBlock) -> None:
    if size > settings.max_bytes:
        raise Rejected(
            f"the document has {size:,} bytes, over the limit of {settings.max_bytes:,}",
            code="too_large",
            remedy="Split the document, or have BREVITY_INGEST_MAX_BYTES raised.",
        )
