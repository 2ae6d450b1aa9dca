"""Where a neural training begins: a registered version, a folder, or a model of the hub."""

from __future__ import annotations

from pathlib import Path

from brevity.neural.archive import unpack
from brevity.neural.loading import folder_of
from brevity.trainer.registry import Registry

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
        unpack(registry.read(registry.named(model, version)), place)
    return place
