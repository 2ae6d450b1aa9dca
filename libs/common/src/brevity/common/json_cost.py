"""How dear a piece of JSON is to parse, told before it is parsed: a value takes up to fifty times its bytes."""

from __future__ import annotations

from brevity.common.errors import Rejected

MOST_VALUES = 100_000
"""Values (and names) in one body or event; none of ours holds a hundredth of them."""
_OPENING = (b",", b"[", b"{")
_PIECE = 65_536
"""Bytes looked at by one step, so that none holds the interpreter for long."""


def check_values(data: bytes, most: int = MOST_VALUES) -> None:
    """Refuse `data` when, read as JSON, it would hold more than `most` values. Linear, and stops there.

    Raises:
        Rejected: `too_many_values`.
    """
    if _opened(data) <= most and data.count(b'"') <= most:
        return
    opened = quotes = start = 0
    within = False  # a string
    while start < len(data):
        piece = data[start : start + _PIECE]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # do not part a backslash from what it escapes
            piece = data[start : start + _PIECE + 1]
        start += len(piece)
        # Without what is escaped, every quote begins or ends a string.
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        opened += _opened(b" ".join(parts[within::2]))
        quotes += len(parts) - 1
        within ^= len(parts) % 2 == 0
        if opened + quotes // 2 > most:
            raise Rejected(
                f"the JSON holds more than {most:,} values",
                code="too_many_values",
                remedy="Send one object with the fields of the schema and nothing more.",
            )


def _opened(data: bytes) -> int:
    return sum(map(data.count, _OPENING))
