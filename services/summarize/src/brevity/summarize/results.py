"""From an engine's summary to the event, and from an error to the dead letter. No IO."""

from __future__ import annotations

from brevity.common.errors import BrevityError
from brevity.common.events import (
    Coverage,
    DocumentAccepted,
    ObjectRef,
    Origin,
    Route,
    Span,
    SummaryCompleted,
    SummaryFailed,
    SummaryWarning,
    SupportedSentence,
    Usage,
    record_time,
)
from brevity.common.ids import canonical_json, deterministic_id
from brevity.common.kafka.record import Record
from brevity.summarize.engines.port import Summary


def completed(document: DocumentAccepted, summary: Summary, *, replayed: bool = False) -> SummaryCompleted:
    """The event: a pure function of the document and the summary, so that redone work writes the same bytes.

    Args:
        replayed: Whether the document had been given up and was sent back by a person.
    """
    request = document.summary
    return SummaryCompleted(
        summary_id=deterministic_id(
            "sum",
            document.tenant,
            document.content_hash,
            canonical_json(request.model_dump(mode="json", exclude_none=True)).decode(),
            summary.engine,
            summary.model_version,
        ),
        document_id=document.document_id,
        tenant=document.tenant,
        content_hash=document.content_hash,
        title=document.title,
        language=document.language,
        summary=summary.text,
        sentences=[
            SupportedSentence(
                text=sentence.text,
                start=sentence.start,
                end=sentence.end,
                spans=[Span(start=start, end=end) for start, end in sentence.spans],
                support=round(sentence.support, 4),
            )
            for sentence in summary.sentences
        ],
        coverage=Coverage(
            percent=round(summary.coverage_percent, 2),
            spans=[Span(start=start, end=end) for start, end in summary.seen],
        ),
        warnings=[
            *(SummaryWarning(code=each.code, message=each.message) for each in document.warnings or ()),
            *(
                SummaryWarning(code=flag.code, message=flag.message, start=flag.start, end=flag.end)
                for flag in summary.warnings
            ),
        ],
        passed_through=summary.passed_through,
        engine=summary.engine,
        model_version=summary.model_version,
        decoding=summary.decoding,
        request=request,
        usage=Usage(
            source_words=document.word_count,
            summary_words=summary.summary_words,
            source_tokens=summary.source_tokens,
            summary_tokens=summary.summary_tokens,
            cost=summary.cost,
        ),
        route=Route(name=summary.route.name, reasons=list(summary.route.reasons)) if summary.route else None,
        metadata=document.metadata,
        claim_id=document.claim_id if replayed else None,
        submitted_at=document.submitted_at,
        origin=document.origin,
    )


def failed(
    record: Record,
    document: DocumentAccepted | None,
    error: BrevityError,
    attempts: int,
    *,
    original: ObjectRef | None,
    engine: str,
) -> SummaryFailed:
    """The dead letter of `record`; `document` is None when the record could not even be read."""
    return SummaryFailed(
        document_id=document.document_id if document else None,
        tenant=document.tenant if document else None,
        content_hash=document.content_hash if document else None,
        code=error.code,
        message=error.message,
        remedy=error.remedy,
        attempts=attempts,
        engine=engine,
        original=original,
        claim_id=document.claim_id if document else None,
        submitted_at=document.submitted_at if document else record_time(record),
        origin=Origin(topic=record.topic, partition=record.partition, offset=record.offset),
        submission=document.origin if document else None,
    )
