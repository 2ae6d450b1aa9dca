"""Deterministic identifiers: the same input always yields the same id, on any machine, in any run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

_HEX_CHARS = 32  # 128 bits: a collision needs some 2**64 documents


def content_hash(data: bytes) -> str:
    """SHA-256 of `data` as 64 lowercase hexadecimal characters."""
    return hashlib.sha256(data).hexdigest()


def file_hash(path: Path) -> str:
    """As `content_hash`, of a file of any size. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def deterministic_id(prefix: str, *parts: str) -> str:
    """An id derived from `parts`, e.g. `sum_9f…`.

    Parts are length-prefixed before hashing, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return f"{prefix}_{digest.hexdigest()[:_HEX_CHARS]}"


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no blanks, so that equal values have equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
