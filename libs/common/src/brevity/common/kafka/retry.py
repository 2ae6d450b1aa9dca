"""Retry records: how a record that may pass later waits, with its attempt count, on the group's retry topic.

The count travels in the record and is written in the transaction that commits the failed attempt, so that no crash
loses or repeats it. The record's own coordinates and time travel too: redone work sees the original submission.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

from brevity.common.kafka.record import ATTEMPT_HEADER, Headers, OutRecord, Record
from brevity.common.settings import StageSettings

NOT_BEFORE_HEADER = "brevity-not-before"
ORIGIN_HEADER = "brevity-origin"
REPLAY_HEADER = "brevity-replay-of"
"""Event id of the dead letter that a replayed record comes from."""

_RESERVED = "brevity-"


@dataclass(frozen=True, slots=True)
class Due:
    """A retry record as the handler is to see it, and when (seconds since the epoch) it may be worked on."""

    record: Record
    not_before: float


def backoff_seconds(attempt: int, settings: StageSettings) -> float:
    """Wait after failed attempt `attempt` (from 1): doubles each time, up to the maximum."""
    return min(settings.retry_backoff_max_seconds, settings.retry_backoff_seconds * 2 ** min(attempt - 1, 30))


def next_attempt(
    record: Record, topic: str, *, attempt: int, not_before: float, extra: Headers = ()
) -> OutRecord:
    """The retry record for `record`'s attempt number `attempt`, on retry topic `topic`."""
    origin = [record.topic, record.partition, record.offset, record.timestamp_ms]
    reserved: Headers = (
        (ATTEMPT_HEADER, str(attempt).encode()),
        (NOT_BEFORE_HEADER, f"{not_before:.3f}".encode()),
        (ORIGIN_HEADER, json.dumps(origin).encode()),
        *extra,
    )
    kept = tuple(header for header in record.headers if not header[0].startswith(_RESERVED))
    return OutRecord(topic, record.key or b"", record.value or b"", (*kept, *reserved))


def original(record: Record) -> Due:
    """What a record of a retry topic stands for: the original record at its attempt.

    A record without readable retry headers (written by hand) is taken as it is, due at once, at its first attempt.
    """
    try:
        topic, partition, offset, timestamp_ms = json.loads(record.header(ORIGIN_HEADER) or "")
        not_before = float(record.header(NOT_BEFORE_HEADER) or 0)
        origin = replace(
            record,
            topic=str(topic),
            partition=int(partition),
            offset=int(offset),
            timestamp_ms=int(timestamp_ms),
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return Due(record, 0.0)
    if min(origin.partition, origin.offset) < 0 or not math.isfinite(not_before):
        return Due(record, 0.0)
    return Due(origin, not_before)


def without_reserved(headers: Headers) -> Headers:
    """Headers of a source record: whoever writes a source topic has no say in our attempt count."""
    if any(name.startswith(_RESERVED) for name, _ in headers):
        return tuple(header for header in headers if not header[0].startswith(_RESERVED))
    return headers
