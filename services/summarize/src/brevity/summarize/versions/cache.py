"""Models from the object store, checked and kept by their hash in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from brevity.common.errors import Fatal, Rejected
from brevity.common.events import ObjectRef
from brevity.common.ids import file_hash
from brevity.common.observability.logging import get_logger
from brevity.common.storage.objects import ObjectStore
from brevity.nlp import ranker
from brevity.summarize.versions.address import engine_of, object_of
from brevity.summarize.versions.pruning import UNFINISHED, drop_unfinished, prune

log = get_logger(__name__)

_FILE = "model.json"
_MOST_BYTES = {"extractive": ranker.MOST_BYTES}
"""Bytes of a model of these engines, whatever is allowed for the others."""


def default_folder() -> Path:
    """A folder of this user alone under the system's temporary one."""
    return Path(tempfile.gettempdir()) / f"brevity-models-{os.getuid()}"


class ModelCache:
    """Safe to share between threads and processes: a file appears whole and with the right bytes, or not at all.

    Models of any size pass through a little memory. They are data and never unpickled or run.

    Args:
        max_bytes: A larger model is refused; those of the extractive engine are held to much less besides.
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
        self._held: dict[object, tuple[ObjectRef, ...]] = {}

    def fetch(self, engine: str, reference: ObjectRef) -> Path:
        """A file with the bytes of `reference`, a model of `engine`.

        Raises:
            Fatal: `model_missing`, `model_too_large`, `model_changed` when the bytes are not those of its SHA-256, or
                `model_cache` when there is no room for them.
            Unavailable: The object store is away.
        """
        if reference.sha256 is not None:
            kept = self._place(reference.sha256)
            if _holds(kept, reference.sha256):
                with contextlib.suppress(OSError):
                    os.utime(kept.parent)  # used just now
                return kept
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                dir=self._folder, prefix=UNFINISHED, ignore_cleanup_errors=True
            ) as place:
                return self._fetched(engine, reference, Path(place) / _FILE)
        except OSError as error:
            raise no_room(self._folder, error) from error

    def hold(self, owner: object, in_use: Iterable[ObjectRef]) -> None:
        """Keep what `owner` uses from now on, in the place of what it used before."""
        self._held[owner] = tuple(in_use)

    def prune(self) -> None:
        """Let go of what was used longest ago, but for what is held, and of what processes that died left over."""
        drop_unfinished(self._folder)
        if self._kept_bytes is None:
            return
        held = [reference for references in self._held.values() for reference in references]
        keep = {reference.sha256 or self._digests.get(reference.uri, "") for reference in held}
        gone = prune(self._folder, keep, self._kept_bytes)
        if gone:
            log.info("models left the cache", models=[digest[:12] for digest in gone])

    def local(self, uri: str) -> str:
        """`uri` as one that names a file here, fetched if it lies in the object store. Raises as `fetch`."""
        reference = object_of(uri)
        engine = engine_of(uri)
        return uri if reference is None else f"{engine}:{self.fetch(engine, reference)}"

    def _fetched(self, engine: str, reference: ObjectRef, place: Path) -> Path:
        limit = min(self._max_bytes, _MOST_BYTES.get(engine, self._max_bytes))
        try:
            with place.open("xb") as file:
                digest = self._store.fetch(
                    reference.object_key, file, max_bytes=limit, bucket=reference.bucket
                )
        except Rejected as error:
            raise _unusable(reference, error, limit) from error
        if reference.sha256 not in (None, digest):
            raise Fatal(
                f"the bytes of {reference.uri} are not those that were promoted",
                code="model_changed",
                remedy="Promote the version again; a version's bytes must never be written over.",
            )
        self._digests[reference.uri] = digest
        kept = self._place(digest)
        kept.parent.mkdir(exist_ok=True)
        place.replace(kept)
        return kept

    def _place(self, digest: str) -> Path:
        return self._folder / digest / _FILE


def no_room(folder: Path, error: OSError) -> Fatal:
    """What is said when a model cannot be written to `folder`."""
    return Fatal(
        f"a model cannot be kept in {folder}: {error.strerror}",
        code="model_cache",
        remedy="Give BREVITY_SUMMARIZE_MODEL_CACHE a folder that can be written and has room: an archive lies there twice,"
        " as it came and unpacked.",
    )


def _holds(path: Path, digest: str) -> bool:
    """Whether the file is there and still holds what its name says: others may write to a temporary folder."""
    try:
        return file_hash(path) == digest
    except OSError:
        return False


def _unusable(reference: ObjectRef, error: Rejected, limit: int) -> Fatal:
    if error.code == "too_large":
        return Fatal(
            f"the model {reference.uri} has more than {limit:,} bytes",
            code="model_too_large",
            remedy="Raise BREVITY_SUMMARIZE_MAX_MODEL_BYTES if a neural model is meant to be that large.",
        )
    return Fatal(
        f"the model {reference.uri} does not exist",
        code="model_missing",
        remedy="Write the model to the object store before it is promoted, and keep it while it may be served.",
    )
