"""Page cursors: the place of the last item shown, so that what is inserted meanwhile neither repeats nor hides any."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime

from brevity.common.errors import Rejected

Place = tuple[datetime, str]
"""Sort key of an item: its time (whole milliseconds) and its id."""


def to_cursor(place: Place) -> str:
    """An opaque, URL-safe text."""
    at, name = place
    raw = json.dumps([round(at.timestamp() * 1000), name]).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_cursor(cursor: str) -> Place:
    """Raises Rejected `bad_cursor`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        milliseconds, name = json.loads(raw)
        if not isinstance(milliseconds, int) or not isinstance(name, str):
            raise ValueError
        name.encode()  # half of a character cannot be asked for
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC), name
    except (ValueError, TypeError, OverflowError, OSError, RecursionError, binascii.Error):
        raise Rejected(
            "the cursor is not one of ours", code="bad_cursor", remedy="Use `next_cursor` of the page before."
        ) from None
