"""How dear a piece of JSON is to parse, told before it is parsed: a value takes up to fifty times its bytes."""

from __future__ import annotations

import re

from brevity.common.errors import Rejected

MOST_VALUES = 100_000
"""Values (and names) in one body or event; none of ours holds a hundredth of them."""
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_OPENING = (b",", b"[", b"{")


def check_values(data: bytes, most: int = MOST_VALUES) -> None:
    """Refuse `data` when, read as JSON, it would hold more than `most` values. Linear, and stops there.

    Raises:
        Rejected: `too_many_values`.
    """
    if sum(map(data.count, _OPENING)) <= most and data.count(b'"') <= most:
        return
    values = start = 0
    for text in _STRING.finditer(data):
        values += 1 + _opened(data, start, text.start())
        start = text.end()
        if values > most:
            raise _too_many(most)
    if values + _opened(data, start, len(data)) > most:
        raise _too_many(most)


def _opened(data: bytes, start: int, end: int) -> int:
    return sum(data.count(mark, start, end) for mark in _OPENING)


def _too_many(most: int) -> Rejected:
    return Rejected(
        f"the JSON holds more than {most:,} values",
        code="too_many_values",
        remedy="Send one object with the fields of the schema and nothing more.",
    )
