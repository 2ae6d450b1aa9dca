"""Events to records and back: CloudEvents headers, the cause's trace, and a reason for what cannot be read."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import zlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, Origin, SummaryFailed, decode, encode, record_time
from brevity.common.events.asyncapi import schema
from brevity.common.events.codec import explained
from brevity.common.kafka.record import Headers, OutRecord, Record

TIME = datetime(2026, 5, 3, 10, 15, 0, 123_456, tzinfo=UTC)
EVENT = DocumentSubmitted(document_id="report-17", text="The harbour was closed.")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def submitted(value: bytes | None, headers: Headers = ()) -> Record:
    return Record("documents.submitted", 0, 0, b"k", value, headers)


def headers_of(record: OutRecord) -> dict[str, str]:
    names = [name for name, _ in record.headers]
    assert len(names) == len(set(names)), "a header twice"
    return {name: (value or b"").decode() for name, value in record.headers}


def test_an_event_becomes_a_cloud_event_in_binary_mode() -> None:
    record = encode(EVENT, source="ingest", time=TIME)
    headers = headers_of(record)
    assert (record.topic, record.key) == ("documents.submitted", b"report-17")
    assert headers.pop("ce_id").startswith("evt_")
    assert headers == {
        "ce_specversion": "1.0",
        "ce_type": "brevity.documents.submitted.v1",
        "ce_source": "/brevity/ingest",
        "ce_time": "2026-05-03T10:15:00.123Z",
        "ce_subject": "report-17",
        "content-type": "application/json",
    }


def test_the_time_is_written_in_utc() -> None:
    east = TIME.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert encode(EVENT, source="x", time=east) == encode(EVENT, source="x", time=TIME)


def test_doing_it_again_writes_the_same_bytes_and_another_event_gets_another_id() -> None:
    assert encode(EVENT, source="ingest", time=TIME) == encode(EVENT, source="ingest", time=TIME)
    other = EVENT.model_copy(update={"text": "The harbour was opened."})
    assert headers_of(encode(other, source="ingest", time=TIME))["ce_id"] != headers_of(encode(EVENT, source="ingest", time=TIME))["ce_id"]  # fmt: skip


def test_absent_fields_are_not_written() -> None:
    assert b"null" not in encode(EVENT, source="x", time=TIME).value
    assert b"title" not in EVENT.to_json()


def test_the_causes_trace_is_carried_on() -> None:
    cause = submitted(b"{}", (("traceparent", TRACE.encode()), ("tracestate", b"vendor=1"), ("mine", b"x")))
    headers = headers_of(encode(EVENT, source="ingest", time=TIME, cause=cause))
    assert (headers["traceparent"], headers["tracestate"]) == (TRACE, "vendor=1")
    assert "mine" not in headers


def test_a_span_of_our_own_goes_before_the_causes() -> None:
    cause = submitted(b"{}", (("traceparent", TRACE.encode()),))
    ours = ("traceparent", TRACE.replace("00f067aa0ba902b7", "1111111111111111").encode())
    assert (
        headers_of(encode(EVENT, source="x", time=TIME, cause=cause, extra=(ours,)))["traceparent"]
        == ours[1].decode()
    )


def test_a_senders_endless_trace_header_is_left_behind() -> None:
    cause = submitted(b"{}", (("tracestate", b"x" * 100_000),))
    assert "tracestate" not in headers_of(encode(EVENT, source="x", time=TIME, cause=cause))


def test_a_record_reads_back_as_the_event_it_was() -> None:
    record = encode(EVENT, source="x", time=TIME)
    assert decode(DocumentSubmitted, submitted(record.value)) == EVENT


def test_nothing_but_the_value_is_needed_to_read_a_submission() -> None:
    record = Record("documents.submitted", 0, 0, None, '{"text": "Ærøskøbing – 日本"}'.encode())
    assert decode(DocumentSubmitted, record).text == "Ærøskøbing – 日本"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "empty_event"),
        (b"", "empty_event"),
        (b"\xff\xfe", "not_utf8"),
        (b"{", "not_json"),
        (b"not json at all", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "not_json"),
        (b"[]", "bad_schema"),
        (b"null", "bad_schema"),
        (b"{}", "bad_schema"),
        (b'{"text": 7}', "bad_schema"),
        (b'{"text": "t", "summary": {"words": "NaN"}}', "bad_schema"),
        (b'{"text": "t", "summary": {"words": NaN}}', "bad_schema"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(value: bytes | None, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(DocumentSubmitted, submitted(value))
    assert caught.value.code == code
    assert caught.value.remedy


DOCUMENT = '{"text": "Ærø", "document_id": "a"}'


@pytest.mark.parametrize(
    "nulls",
    [
        {name: None for name in DocumentSubmitted.model_fields if name != "text"},
        {"summary": {"words": None, "style": None, "length": None, "language": None, "engine": None}},
        {"metadata": {"kept": "x", "null": None}},
        {"tenant": None, "unknown": None},
    ],
    ids=lambda nulls: ",".join(nulls)[:30],
)
def test_explicit_nulls_are_absent_fields(nulls: dict[str, Any]) -> None:
    """Jackson's and Confluent's serializers write every field; the released schema allows what is read."""
    value = {"text": "t", **nulls}
    event = decode(DocumentSubmitted, submitted(json.dumps(value).encode()))
    kept = {"metadata": {"kept": "x"}} if nulls.get("metadata") else {}
    assert event == DocumentSubmitted.model_validate({"text": "t", **kept})
    jsonschema.validate(value, schema(DocumentSubmitted))


def test_a_byte_order_mark_is_no_part_of_the_event() -> None:
    assert decode(DocumentSubmitted, submitted(b"\xef\xbb\xbf" + DOCUMENT.encode())).text == "Ærø"


AVRO, PROTOBUF = b"\x02\x06abc", b"\x00\x0a\x03abc"
FOREIGN: list[tuple[str, bytes]] = [
    ("UTF-16", DOCUMENT.encode("utf-16")),
    ("UTF-16", DOCUMENT.encode("utf-16-le")),
    ("UTF-16", DOCUMENT.encode("utf-16-be")),
    ("UTF-32", DOCUMENT.encode("utf-32")),
    ("UTF-32", DOCUMENT.encode("utf-32-be")),
    ("Schema Registry (schema id 7, JSON", b"\x00\x00\x00\x00\x07" + DOCUMENT.encode()),
    ("schema id 100000, Avro", b"\x00\x00\x01\x86\xa0" + AVRO),
    ("schema id 1, Protobuf", b"\x00\x00\x00\x00\x01" + PROTOBUF),
    ("Glue", b"\x03\x00" + b"\xab" * 16 + DOCUMENT.encode()),
    ("Glue", b"\x03\x05" + b"\xab" * 16 + zlib.compress(DOCUMENT.encode())),
    ("gzip", gzip.compress(DOCUMENT.encode(), mtime=0)),
    ("zlib", zlib.compress(DOCUMENT.encode())),
    ("zlib", zlib.compress(DOCUMENT.encode(), 9)),
    ("Base64", base64.b64encode(DOCUMENT.encode())),
    ("Debezium", json.dumps({"before": None, "after": {"text": "t"}, "op": "c", "source": {}}).encode()),
    ("encoded twice", json.dumps(DOCUMENT).encode()),
    ("JSON string", b'"just text"'),
    ("Connect", json.dumps({"schema": {"type": "string"}, "payload": {"text": "t"}}).encode()),
    ("structured mode", json.dumps({"specversion": "1.0", "data": {"text": "t"}}).encode()),
    ("several JSON objects", f"{DOCUMENT}\n{DOCUMENT}\n".encode()),
    ("array of 2", f"[{DOCUMENT},{DOCUMENT}]".encode()),
    ("Python", str({"text": "t"}).encode()),
    ("XML or HTML", b"<html><body>Hello</body></html>"),
    ("PDF", b"%PDF-1.7\n%\xe2\xe3"),
]


@pytest.mark.parametrize(
    ("told", "value"), FOREIGN, ids=[f"{n} {told}" for n, (told, _) in enumerate(FOREIGN)]
)
def test_what_other_serializers_write_is_named_with_what_to_do(told: str, value: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        decode(DocumentSubmitted, submitted(value))
    assert told in caught.value.message
    assert any(word in caught.value.remedy for word in ("Write", "Set ", "Encode"))


def test_a_name_that_cannot_be_written_is_not_repeated_in_the_reason() -> None:
    value = b'{"text": "t", "metadata": {"\\ud800\\u001b[2J": "x"}}'
    with pytest.raises(Rejected) as caught:
        decode(DocumentSubmitted, submitted(value))
    assert caught.value.message.isprintable()
    caught.value.message.encode()


@given(st.text(st.characters(exclude_categories=())))
def test_half_a_character_is_left_out_of_what_a_person_reads(text: str) -> None:
    value = json.dumps({"text": text, "title": text[:500], "metadata": {"a": text[:500]}}).encode()
    event = decode(DocumentSubmitted, submitted(value))
    whole = re.sub("[\ud800-\udfff]", "", json.loads(value)["text"])
    assert event.text == whole
    assert whole.startswith(event.metadata["a"][:400])
    event.to_json()


def test_half_a_character_in_a_long_text_is_found_wherever_it_is() -> None:
    for at in (0, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20):
        text = "\u00e9" * at + "\ud83d" + "\u00e9" * 10
        assert decode(DocumentSubmitted, submitted(json.dumps({"text": text}).encode())).text == "\u00e9" * (
            at + 10
        )


@given(st.binary(max_size=200))
def test_any_bytes_either_read_or_are_rejected(value: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert decode(DocumentSubmitted, submitted(value)).topic == "documents.submitted"


def test_a_rejection_names_the_fields_and_never_quotes_the_document() -> None:
    quoted = "the-text-itself"
    value = f'{{"text": {{"{quoted}": 1}}, "tenant": "{quoted} X", "summary": {{"words": 1}}}}'.encode()
    with pytest.raises(Rejected) as caught:
        decode(DocumentSubmitted, submitted(value))
    for name in ("text", "tenant", "summary.words"):
        assert name in caught.value.message
    assert quoted not in caught.value.message


def test_a_document_of_no_source_or_two_is_told_so_in_plain_words() -> None:
    for value in (b'{"title": "t"}', b'{"text": "t", "object": {"uri": "s3://b/k"}}'):
        with pytest.raises(Rejected) as caught:
            decode(DocumentSubmitted, submitted(value))
        assert caught.value.message == "event: give either `text` or `object`"


def test_a_rejection_stays_short_however_much_is_wrong() -> None:
    many = ", ".join(f'"{"k" * 5_000}{number}": 1' for number in range(40))
    with pytest.raises(Rejected) as caught:
        decode(DocumentSubmitted, submitted(f'{{"text": "t", "metadata": {{{many}}}}}'.encode()))
    assert len(caught.value.message) < 3_000
    assert "more" in caught.value.message


@pytest.mark.parametrize(
    ("milliseconds", "year"), [(1_777_000_000_000, 2026), (-1, 1970), (10**18, 9999), (0, 1970)]
)
def test_a_senseless_timestamp_counts_as_the_nearest_that_is_possible(milliseconds: int, year: int) -> None:
    assert record_time(Record("t", 0, 0, None, None, (), milliseconds)).year == year


def test_an_event_of_an_unknown_document_is_keyed_by_the_record_it_came_from() -> None:
    failed = SummaryFailed(
        code="x", message="m", remedy="r", attempts=1, submitted_at=TIME,
        origin=Origin(topic="documents.accepted", partition=3, offset=44),
    )  # fmt: skip
    assert failed.key() == "documents.accepted/3/44"


def test_the_last_of_two_equal_headers_counts_and_bytes_that_are_no_text_do_not_hurt() -> None:
    record = submitted(b"{}", (("traceparent", b"old"), ("traceparent", b"\xff")))
    assert record.header("traceparent") == "�"
    assert record.header("absent") is None


@pytest.mark.parametrize(
    ("raw", "attempt"), [(b"3", 3), (b"0", 1), (b"-4", 1), (b"x", 1), (b"9" * 5_000, 1), ("٣".encode(), 1)]
)
def test_an_attempt_header_that_makes_no_sense_counts_as_the_first(raw: bytes, attempt: int) -> None:
    assert submitted(b"{}", (("brevity-attempt", raw),)).attempt == attempt


def test_a_text_that_is_too_long_is_told_in_characters() -> None:
    with pytest.raises(ValidationError) as told:
        DocumentSubmitted(text="x", title="t" * 1_001, metadata={"a": "v" * 2_001})
    assert explained(told.value).count("characters") == 2
