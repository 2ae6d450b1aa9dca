"""Where a neural training begins: a registered version, a folder, or a model of the hub."""

from __future__ import annotations

from pathlib import Path

from brevity.neural.archive import unpack
from brevity.neural.loading import folder_of
from brevity.trainer.registry import Registry, Version

REGISTERED = "models:/"


def base_folder(address: str, registry: Registry, place: Path) -> Path:
    """A folder with the model at `address`; a registered version is unpacked into `place`, unless it is there.

    The hub is asked unless HF_HUB_OFFLINE is set; then what was fetched before is taken.

    Raises:
        Rejected: `not_found`.
        BadModel: `model_missing`, `bad_archive`.
        Unavailable: The registry or the store is away.
    """
    if not address.startswith(REGISTERED):
        return folder_of(address)
    if not place.exists():
        model, _, version = address.removeprefix(REGISTERED).rpartition("/")
        unpack_version(registry, registry.named(model, version), place)
    return place


def unpack_version(registry: Registry, version: Version, place: Path) -> None:
    """The model of a registered version as the new folder `place`.

    Raises:
        Rejected: `bad_artifact`.
        BadModel: `bad_archive`.
        Unavailable: The store is away.
    """
    archive = registry.read(version, place.with_name(f"{place.name}.tar"))
    try:
        unpack(archive, place)
    finally:
        archive.unlink()
