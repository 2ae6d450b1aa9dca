"""Retry records: how a record that may pass later waits, with its attempt count, on the group's retry topic.

The count travels in the record and is written in the transaction that commits the failed attempt, so that no crash
loses or repeats it. The record's own coordinates and time travel too: redone work sees the original submission. When
it is due is the retry record's own timestamp, which can be told before anything in the record is decoded.
"""

from __future__ import annotations

import json
from dataclasses import replace

from brevity.common.kafka.record import ASIDE_HEADER, ATTEMPT_HEADER, Headers, OutRecord, Record
from brevity.common.settings import StageSettings

NOT_BEFORE_HEADER = "brevity-not-before"
ORIGIN_HEADER = "brevity-origin"
ORIGIN_LOG_HEADER = "brevity-origin-log"
REPLAY_HEADER = "brevity-replay-of"
"""Event id of the dead letter that a replayed record comes from."""

_RESERVED = "brevity-"
_OF_ALL_ATTEMPTS = {REPLAY_HEADER, ASIDE_HEADER}
"""What a record keeps from attempt to attempt. On a source's record they cannot stand (`without_reserved`)."""

_MOST_PARTITION, _MOST_OFFSET = 2**31 - 1, 2**63 - 1


def backoff_seconds(attempt: int, settings: StageSettings) -> float:
    """Wait after failed attempt `attempt` (from 1): doubles each time, up to the maximum."""
    return min(settings.retry_backoff_max_seconds, settings.retry_backoff_seconds * 2 ** min(attempt - 1, 30))


def next_attempt(
    record: Record, topic: str, *, attempt: int, not_before: float, extra: Headers = ()
) -> OutRecord:
    """The retry record for `record`'s attempt number `attempt`, on retry topic `topic`, due at `not_before` (seconds
    since the epoch; 0: at once)."""
    origin = [record.topic, record.partition, record.offset, record.timestamp_ms]
    reserved: Headers = (
        (ATTEMPT_HEADER, str(attempt).encode()),
        (NOT_BEFORE_HEADER, f"{not_before:.3f}".encode()),
        (ORIGIN_HEADER, json.dumps(origin).encode()),
        *(((ORIGIN_LOG_HEADER, record.log.encode()),) if record.log else ()),
        *extra,
    )
    given = {name for name, _ in reserved}
    kept = tuple(
        header
        for header in record.headers
        if header[0] not in given and (header[0] in _OF_ALL_ATTEMPTS or not header[0].startswith(_RESERVED))
    )
    return OutRecord(
        topic, record.key or b"", record.value or b"", (*kept, *reserved), int(not_before * 1000)
    )


def due_at(record: Record, now: float, settings: StageSettings) -> float:
    """When (seconds since the epoch, as `now`) a record of a retry topic may be worked on; it takes no headers to tell.

    A time further away than this stage would wait is another tool's, and counts as past.
    """
    due = record.timestamp_ms / 1000
    return due if due <= now + settings.retry_backoff_max_seconds else 0.0


def original(record: Record) -> Record:
    """What a record of a retry topic stands for: the original record at its attempt.

    A record without readable retry headers (written by hand) is taken as it is, at its first attempt.
    """
    try:
        topic, partition, offset, timestamp_ms = json.loads(record.header(ORIGIN_HEADER) or "")
        origin = replace(
            record,
            topic=str(topic),
            partition=int(partition),
            offset=int(offset),
            timestamp_ms=int(timestamp_ms),
            log=record.header(ORIGIN_LOG_HEADER) or "",
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return record
    if not (0 <= origin.partition <= _MOST_PARTITION and 0 <= origin.offset <= _MOST_OFFSET):
        return record
    return origin


def without_reserved(headers: Headers) -> Headers:
    """Headers of a source record: whoever writes a source topic has no say in our attempt count."""
    if any(name.startswith(_RESERVED) for name, _ in headers):
        return tuple(header for header in headers if not header[0].startswith(_RESERVED))
    return headers
