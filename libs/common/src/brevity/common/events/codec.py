"""Events to and from Kafka records: CloudEvents 1.0, binary mode, JSON value."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from brevity.common.errors import Rejected
from brevity.common.events.base import Event
from brevity.common.events.foreign import several_objects, unlike_event, unlike_json
from brevity.common.ids import deterministic_id
from brevity.common.json_cost import check_values
from brevity.common.kafka.record import Headers, OutRecord, Record

EventT = TypeVar("EventT", bound=Event)

CONTENT_TYPE = b"application/json"
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
_LONGEST_TRACE_HEADER = 512
_LONGEST_FIELD_NAME, _LONGEST_REASON = 120, 300
_LAST_MS = 253_402_300_799_000
"""The end of the year 9999: later times have no name in ISO 8601."""


def decode(model: type[EventT], record: Record) -> EventT:
    """The event in `record`.

    Raises:
        Rejected: `empty_event`, `not_utf8`, `not_json`, `too_many_values` or `bad_schema`; the message names every wrong field.
    """
    if not record.value:
        raise Rejected(
            "the event is empty",
            code="empty_event",
            remedy=f"Write JSON that fits the schema of {model.topic}.",
        )
    value = read_json(record.value)
    foreign = unlike_event(value, model.topic)
    if foreign is not None:
        raise foreign
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Rejected(
            explained(error), code="bad_schema", remedy=f"Compare with docs/schemas/{model.topic}.json."
        ) from None


def read_json(data: bytes, what: str = "the event") -> Any:
    """The value that `data` holds: at every door by these rules, whatever else a JSON parser would take.

    Raises:
        Rejected: `not_utf8`, `not_json` or `too_many_values`.
    """
    check_values(data)
    try:
        return from_json(data)  # half the memory: no copy of all characters beside the value
    except ValueError:
        pass  # what it does not take, and why, is the other parser's to say
    try:
        text = data.decode("utf-8-sig")  # .NET writes a byte order mark
    except UnicodeDecodeError as error:
        raise unlike_json(data) or Rejected(
            f"{what} is not UTF-8 (byte {error.start})",
            code="not_utf8",
            remedy=f"Write {what} as JSON in UTF-8.",
        ) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if foreign := unlike_json(data):
            raise foreign from None
        if isinstance(error, json.JSONDecodeError):
            where = f"line {error.lineno} column {error.colno}"
            if several_objects(text):
                where = f"{where}: several JSON objects in one record"
        else:
            where = "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
        raise Rejected(
            f"{what} is not JSON ({where})", code="not_json", remedy="Write one JSON object a record."
        ) from None


def encode(
    event: Event, *, source: str, time: datetime, cause: Record | None = None, extra: Headers = ()
) -> OutRecord:
    """The record that carries `event`.

    The event's id is derived from its topic, key and bytes, so that doing the work again writes the same id.

    Args:
        event: What to write.
        source: The service, e.g. `ingest`.
        time: When it happened; for events made from others the cause's time, so that a re-run is byte-identical.
        cause: The record it was made from; its trace context is carried on.
        extra: Further headers.
    """
    value = event.to_json()
    headers: list[tuple[str, bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", deterministic_id("evt", event.topic, event.key(), value.decode()).encode()),
        ("ce_type", event.ce_type().encode()),
        ("ce_source", f"/brevity/{source}".encode()),
        ("ce_time", time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()),
        ("ce_subject", event.key().encode()),
        ("content-type", CONTENT_TYPE),
    ]
    names = {name for name, _ in extra}
    if cause is not None:
        for name in (TRACEPARENT, TRACESTATE):
            carried = cause.header(name)
            # W3C bounds both; a sender's longer one must not swell events past their topic's limit.
            if carried and len(carried) <= _LONGEST_TRACE_HEADER and name not in names:
                headers.append((name, carried.encode()))
    return OutRecord(topic=event.topic, key=event.key().encode(), value=value, headers=(*headers, *extra))


def record_time(record: Record) -> datetime:
    """When `record` was written, by its broker or producer timestamp; a senseless one counts as the nearest possible."""
    return datetime.fromtimestamp(min(max(record.timestamp_ms, 0), _LAST_MS) / 1000, tz=UTC)


def explained(error: ValidationError) -> str:
    """The wrong fields, each with what is wrong, for the sender; never a value."""
    parts = [
        # A field's name is the sender's: it may be megabytes long, or hold what no event can be written with.
        f"{_printable('.'.join(map(str, item['loc']))[:_LONGEST_FIELD_NAME]) or 'event'}: {item['msg'][:_LONGEST_REASON]}"
        for item in error.errors(include_input=False, include_url=False)
    ]
    shown = "; ".join(parts[:5])
    return shown if len(parts) <= 5 else f"{shown}; and {len(parts) - 5} more"


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)
