"""Where the platform keeps what it writes for a tenant: below the tenant's own prefix, under the hash of its bytes.

The same bytes of two tenants lie in two places: neither can tell that the other has them, and erasing one leaves the
other. Versions before this one kept them in one place for everybody (`uploads/<hash>`); such keys are still told.
"""

from __future__ import annotations

import re

from brevity.common.ids import content_hash

_NOBODY = "_"
"""Whose bytes are that could not be read far enough to know a tenant: no tenant's name begins so."""

_HASHED = re.compile(r"(uploads|texts|rejected)/(?:([^/]+)/)?([0-9a-f]{64})")


def text_key(tenant: str, data: bytes) -> str:
    """Where a normalised text lies: the same text of a tenant always lies in the same place."""
    return f"texts/{tenant}/{content_hash(data)}"


def upload_key(tenant: str, data: bytes) -> str:
    return f"uploads/{tenant}/{content_hash(data)}"


def rejected_key(tenant: str | None, data: bytes) -> str:
    return f"rejected/{tenant or _NOBODY}/{content_hash(data)}"


def may_refer(tenant: str, key: str) -> bool:
    """Whether a document of `tenant` may lie under `key` of the platform's bucket: its uploads, and its texts, which
    are submitted again to be summarized once more."""
    steps = key.split("/")
    plain = not any(step in ("", ".", "..") for step in steps)  # clients and stores may resolve those
    return plain and len(steps) > 2 and steps[0] in ("uploads", "texts") and steps[1] == tenant


def before_tenants(key: str, sha256: str | None) -> bool:
    """Whether `key` is an upload or a text as versions without prefixes kept them, and `sha256` the bytes it names."""
    found = _HASHED.fullmatch(key)
    return found is not None and found[1] != "rejected" and found[2] is None and found[3] == sha256


def written_for(tenant: str, key: str) -> bool:
    """Whether the platform wrote `key` of its bucket for a document of `tenant`, so that it may delete it with one."""
    found = _HASHED.fullmatch(key)
    return found is not None and found[2] in (None, tenant, _NOBODY)
