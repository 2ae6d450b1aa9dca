"""The object store: claim checks, uploads and rejected bytes; `places` says where each lies."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Protocol


class ObjectStore(Protocol):
    """Bytes by key. Calls block; all are idempotent; safe to share between threads."""

    bucket: str

    def put(self, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Store `data`; writing the same key and bytes again is harmless. Raises Unavailable."""
        ...

    def get(self, key: str, *, max_bytes: int, bucket: str | None = None) -> bytes:
        """The bytes of `key`. Raises Rejected when it does not exist or is over `max_bytes`, Unavailable."""
        ...

    def put_file(self, key: str, path: Path, *, content_type: str = "application/octet-stream") -> None:
        """As `put`, of a file of any size, in memory that does not grow with it.

        Raises:
            Unavailable: The store is away; nothing lies under `key` that was not there before.
            OSError: The file cannot be read.
        """
        ...

    def fetch(self, key: str, file: IO[bytes], *, max_bytes: int, bucket: str | None = None) -> str:
        """Write the bytes of `key` to `file` as they come, in memory that does not grow with them.

        Returns:
            Their SHA-256, in hexadecimal.

        Raises:
            Rejected: `object_missing`, or `too_large`: no more than `max_bytes` were written.
            Unavailable: The store is away, or stopped in the middle; what was written is of no use then.
            OSError: `file` cannot be written.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove `key` if it is there. Raises Unavailable."""
        ...

    def ping(self) -> None:
        """Raises Unavailable when the store does not answer."""
        ...
