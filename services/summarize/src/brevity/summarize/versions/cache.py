"""Models from the object store, checked and kept by their hash in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from brevity.common.errors import Fatal, Rejected
from brevity.common.events import ObjectRef
from brevity.common.ids import content_hash
from brevity.common.observability.logging import get_logger
from brevity.common.storage.objects import ObjectStore
from brevity.summarize.versions.address import engine_of, object_of
from brevity.summarize.versions.pruning import prune

log = get_logger(__name__)

_FILE = "model.json"


def default_folder() -> Path:
    """A folder of this user alone under the system's temporary one."""
    return Path(tempfile.gettempdir()) / f"brevity-models-{os.getuid()}"


class ModelCache:
    """Safe to share between threads and processes: a file appears whole or not at all.

    A model is data (JSON) and is never unpickled or run.

    Args:
        max_bytes: A larger model is refused.
        kept_bytes: Models used longest ago leave the folder when all together are more; absent: none does.
    """

    def __init__(
        self, store: ObjectStore, folder: Path, *, max_bytes: int, kept_bytes: int | None = None
    ) -> None:
        self._store = store
        self._folder = folder
        self._max_bytes = max_bytes
        self._kept_bytes = kept_bytes
        self._digests: dict[str, str] = {}

    def fetch(self, reference: ObjectRef) -> Path:
        """A file with the bytes of `reference`.

        Raises:
            Fatal: `model_missing`, `model_too_large`, or `model_changed` when they are not those of its SHA-256.
            Unavailable: The object store is away.
        """
        if reference.sha256 is not None:
            kept = self._place(reference.sha256)
            if _holds(kept, reference.sha256):
                with contextlib.suppress(OSError):
                    os.utime(kept.parent)  # used just now
                return kept
        try:
            data = self._store.get(reference.object_key, max_bytes=self._max_bytes, bucket=reference.bucket)
        except Rejected as error:
            raise _unusable(reference, error, self._max_bytes) from error
        digest = content_hash(data)
        if reference.sha256 not in (None, digest):
            raise Fatal(
                f"the bytes of {reference.uri} are not those that were promoted",
                code="model_changed",
                remedy="Promote the version again; a version's bytes must never be written over.",
            )
        self._digests[reference.uri] = digest
        return self._keep(digest, data)

    def prune(self, in_use: Iterable[ObjectRef]) -> None:
        """Let go of what was used longest ago, but for what is in use."""
        if self._kept_bytes is None:
            return
        keep = {reference.sha256 or self._digests.get(reference.uri, "") for reference in in_use}
        gone = prune(self._folder, keep, self._kept_bytes)
        if gone:
            log.info("models left the cache", models=[digest[:12] for digest in gone])

    def local(self, uri: str) -> str:
        """`uri` as one that names a file here, fetched if it lies in the object store. Raises as `fetch`."""
        reference = object_of(uri)
        return uri if reference is None else f"{engine_of(uri)}:{self.fetch(reference)}"

    def _place(self, digest: str) -> Path:
        return self._folder / digest / _FILE

    def _keep(self, digest: str, data: bytes) -> Path:
        place = self._place(digest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(data)
            Path(file.name).replace(place)
        except OSError as error:
            raise Fatal(
                f"a model cannot be kept in {self._folder}: {error.strerror}",
                code="model_cache",
                remedy="Give BREVITY_SUMMARIZE_MODEL_CACHE a folder that can be written and has room.",
            ) from error
        return place


def _holds(path: Path, digest: str) -> bool:
    """Whether the file is there and still holds what its name says: others may write to a temporary folder."""
    try:
        return content_hash(path.read_bytes()) == digest
    except OSError:
        return False


def _unusable(reference: ObjectRef, error: Rejected, limit: int) -> Fatal:
    if error.code == "too_large":
        return Fatal(
            f"the model {reference.uri} has more than {limit:,} bytes",
            code="model_too_large",
            remedy="Raise BREVITY_SUMMARIZE_MAX_MODEL_BYTES if it is meant to be that large.",
        )
    return Fatal(
        f"the model {reference.uri} does not exist",
        code="model_missing",
        remedy="Write the model to the object store before it is promoted, and keep it while it may be served.",
    )
