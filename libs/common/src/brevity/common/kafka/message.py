"""What the client hands over, as a `Record`: in one place for every reader, and whatever the record holds.

A header's name need not be UTF-8: then confluent-kafka's `Message.headers()` raises, or, when the garbage collector
happens to run in it, returns a pair with a hole in it that kills the process as soon as it is looked at. A null value
is legal. So nothing but `record_of` and `with_headers` calls it.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

from brevity.common.kafka.record import Record

_NAMES_NOT_UTF8 = "a header's name is not UTF-8"


def record_of(message: Any) -> Record:
    """The whole record in `message`; see `Record.unreadable`."""
    return with_headers(without_headers(message), message)


def without_headers(message: Any) -> Record:
    """The record as far as it takes no decoding: its coordinates, key, value and timestamp."""
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        (),
        message.timestamp()[1],
    )


def with_headers(record: Record, message: Any) -> Record:
    """`record` with the headers of `message`, which may be asked for them only once."""
    try:
        headers = message.headers() or ()
    except Exception:  # noqa: BLE001 - the client names no error: it leaves one behind
        return replace(record, unreadable=_NAMES_NOT_UTF8)
    if not headers:
        return record
    if len(gc.get_referents(*headers)) != 2 * len(headers):  # counts what is there without touching it
        return replace(record, unreadable=_NAMES_NOT_UTF8)
    return replace(record, headers=tuple(headers))
