"""What the producer zoo writes can be decoded, or is rejected by an event that can be written; no third way out."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from brevity.common.errors import Rejected
from brevity.common.events import DocumentRejected, DocumentSubmitted, Origin, decode, encode, record_time
from brevity.common.kafka.record import Record
from brevity.common.kafka.retry import next_attempt, original, without_reserved
from brevity.common.observability.tracing import continue_from
from tests.support.raw_producer import Legal
from tests.support.zoo import records


def consumed(legal: Legal) -> Record:
    """As the client hands it over; a name that is not UTF-8 makes the record unreadable before this."""
    headers = tuple((name.decode("utf-8", "replace"), value) for name, value in legal.headers)
    return Record("documents.submitted", 0, 1, legal.key, legal.value, headers, legal.timestamp_ms)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(legal=records())
def test_a_record_is_decoded_or_rejected_and_its_trace_and_headers_travel(legal: Legal) -> None:
    record = consumed(legal)
    again = next_attempt(record, "retry", attempt=2, not_before=1.0)
    retried = original(Record(again.topic, 0, 0, again.key, again.value, again.headers, again.timestamp_ms))
    assert (retried.topic, retried.offset, retried.attempt) == (record.topic, record.offset, 2)
    assert without_reserved(retried.headers) == without_reserved(record.headers)
    try:
        event = decode(DocumentSubmitted, record)
    except Rejected as error:
        event = DocumentRejected(
            code=error.code,
            message=error.message,
            remedy=error.remedy,
            submitted_at=record_time(record),
            origin=Origin(topic=record.topic, partition=record.partition, offset=record.offset),
        )
    with continue_from(record.headers):
        out = encode(event, source="ingest", time=record_time(record), cause=record)
    assert decode(type(event), Record(out.topic, 0, 0, out.key, out.value)) == event
