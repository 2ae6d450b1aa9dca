"""Which models leave the folder of this machine: those used longest ago, once all together are too many bytes."""

from __future__ import annotations

import re
import shutil
import time
import uuid
from collections.abc import Collection
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ASIDE = ".gone-"
UNFINISHED = ".unfinished-"
"""In the name of whatever is being fetched or unpacked."""
_YOUNG_SECONDS = 600.0
"""A model used so lately may be being loaded by another process of this machine."""


def prune(folder: Path, keep: Collection[str], most_bytes: int) -> list[str]:
    """Delete the models used longest ago until at most `most_bytes` are left; returns their digests.

    Args:
        folder: Holds a folder for each model, named by its digest; when it was last changed is when it was last used.
        keep: Digests of models that stay, whatever they weigh.
    """
    for left_over in folder.glob(f"{_ASIDE}*"):  # of a process that ended while it deleted
        shutil.rmtree(left_over, ignore_errors=True)
    found = [place for place in _listed(folder) if _DIGEST.fullmatch(place.name)]
    sizes = {place: _bytes(place) for place in found}
    left = sum(sizes.values())
    gone: list[str] = []
    for used, place in sorted((_used(place), place) for place in found):
        if left <= most_bytes:
            break
        if place.name in keep or time.time() - used < _YOUNG_SECONDS:
            continue
        if _delete(place):
            left -= sizes[place]
            gone.append(place.name)
    return gone


def drop_unfinished(folder: Path) -> None:
    """Delete what was being fetched or unpacked by processes that have ended: nobody has written to it for a while."""
    for place in (*folder.glob(f"{UNFINISHED}*"), *folder.glob(f"*/*{UNFINISHED}*")):
        written = max(map(_used, (place, *place.rglob("*"))))
        if time.time() - written > _YOUNG_SECONDS:
            shutil.rmtree(place, ignore_errors=True)


def _delete(place: Path) -> bool:
    """At once for whoever looks: another process finds all of the model, or none of it."""
    aside = place.with_name(f"{_ASIDE}{uuid.uuid4().hex}")
    try:
        place.rename(aside)
    except OSError:
        return False  # another process was faster
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _used(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except OSError:
        return 0.0


def _bytes(place: Path) -> int:
    total = 0
    for path in place.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
