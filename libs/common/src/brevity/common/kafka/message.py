"""What the client hands over, as a `Record`: in one place for every reader, and whatever the record holds.

A header's name need not be UTF-8. confluent-kafka (2.16, `c_headers_to_py`) then leaves an error behind and returns
pairs with a hole where the name should be: the interpreter may raise that error in whatever comes next, and a hole
kills the process as soon as it is looked at. So nothing but `with_headers` asks a message for its headers, once, by a
call that the interpreter checks, and counts what is in the pairs without touching it.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from operator import methodcaller
from typing import Any

from brevity.common.kafka.record import Record

_headers = methodcaller(
    "headers"
)  # unlike `message.headers()`, which Python specialises to a call without checks
_NAMES_NOT_UTF8 = "a header's name is not UTF-8"


def record_of(message: Any) -> Record:
    """The whole record in `message`; see `Record.unreadable`."""
    return with_headers(without_headers(message), message)


def without_headers(message: Any, log: str = "") -> Record:
    """The record as far as it takes no decoding: its coordinates in `log`, key, value and timestamp."""
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        (),
        message.timestamp()[1],
        log=log,
    )


def with_headers(record: Record, message: Any) -> Record:
    """`record` with the headers of `message`, which may be asked for them only once."""
    try:
        headers: list[tuple[str, bytes | None]] = _headers(message) or []
        whole = len(gc.get_referents(*headers)) == 2 * len(headers)
    except Exception:  # noqa: BLE001 - of any type: see above
        whole, headers = False, []
    if not whole:
        return replace(record, unreadable=_NAMES_NOT_UTF8)
    return replace(record, headers=tuple(headers)) if headers else record
