"""The bucket as the trainer uses it: whole objects, and what lies below a place."""

from __future__ import annotations

from brevity.common.errors import Rejected
from brevity.common.settings import S3Settings
from brevity.common.storage.s3 import S3ObjectStore

LARGEST = 4 << 30


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
