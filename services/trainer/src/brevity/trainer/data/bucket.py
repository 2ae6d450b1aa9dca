"""The bucket as the trainer uses it: whole objects, and what lies below a place."""

from __future__ import annotations

import tempfile
from pathlib import Path

from brevity.common.errors import Rejected
from brevity.common.settings import S3Settings
from brevity.common.storage.s3 import S3ObjectStore

LARGEST = 4 << 30
_LARGEST_FILE = 200 << 30
"""Nobody keeps larger models; a bound that no disk is filled beyond."""


class Bucket:
    """Calls block; raises Unavailable when the store is away and Fatal when it refuses."""

    def __init__(self, settings: S3Settings) -> None:
        self._objects = S3ObjectStore(settings)
        self.name = settings.bucket

    def put(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> str:
        """Store an object and return its address."""
        self._objects.put(key, data, content_type=content_type)
        return f"s3://{self.name}/{key}"

    def get(self, key: str, *, bucket: str | None = None) -> bytes:
        """An object, of this bucket unless another is named. Raises Rejected `object_missing`."""
        return self._objects.get(key, max_bytes=LARGEST, bucket=bucket)

    def put_file(self, key: str, path: Path, content_type: str = "application/octet-stream") -> str:
        """Store a file of any size, in memory that does not grow with it, and return its address."""
        self._objects.put_file(key, path, content_type=content_type)
        return f"s3://{self.name}/{key}"

    def fetch(
        self,
        key: str,
        place: Path,
        *,
        bucket: str | None = None,
        max_bytes: int = _LARGEST_FILE,
        sha256: str | None = None,
    ) -> None:
        """Write an object of any size to the file `place`, which appears whole or not at all.

        Raises:
            Rejected: `object_missing`, `too_large`, `changed` when its bytes are not those of `sha256`.
            OSError: It cannot be written.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f"{place.name}.unfinished-") as beside:
            part = Path(beside) / place.name
            with part.open("xb") as file:
                digest = self._objects.fetch(key, file, max_bytes=max_bytes, bucket=bucket)
            if sha256 not in (None, digest):
                raise Rejected(
                    f"the bytes of {key!r} are not those that were written",
                    code="changed",
                    remedy="Restore the object from a backup.",
                )
            part.replace(place)

    def find(self, key: str) -> bytes | None:
        """The object, or None."""
        try:
            return self.get(key)
        except Rejected as error:
            if error.code == "object_missing":
                return None
            raise

    def delete(self, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        self._objects.delete(key)

    def list(self, prefix: str) -> list[str]:
        """Keys that begin with `prefix`, in order."""
        return self._objects.keys(prefix)

    def ensure(self) -> None:
        self._objects.ensure_bucket()

    def ping(self) -> None:
        self._objects.ping()
