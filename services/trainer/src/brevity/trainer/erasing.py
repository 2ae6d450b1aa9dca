"""Taking a text out of everything one may train on, and saying which models have learned from it."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.trainer.data.sources import Sources
from brevity.trainer.data.versions import Versions
from brevity.trainer.registry import Registry


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was done.

    Attributes:
        sources: Sources of the bucket that held the text, and no longer do.
        versions: Data versions whose bytes are gone; each with the one that holds the rest, None when nothing was left.
        models: Versions of models that were trained on one of them, as `model version (name in summaries)`.
    """

    sources: list[str]
    versions: dict[str, str | None]
    models: list[str]


def erase_text(digest: str, sources: Sources, versions: Versions, registry: Registry) -> Erasure:
    """Erase the text whose SHA-256 is `digest`; reads all data there is. May be repeated after a failure.

    Models that learned from it stay as they are: whether to train anew is a person's decision.
    """
    for version, rest in versions.erased(digest).items():
        versions.erase(version, digest, rest)  # what an earlier attempt has left to do
    for version in versions.list():
        rows = versions.rows(version)
        kept = [row for row in rows if row.content_hash != digest]
        if len(kept) == len(rows):
            continue
        before = versions.card(version)
        rest = versions.save(kept, evaluation=before["kept_apart_from"])["version"] if kept else None
        versions.erase(version, digest, rest)
    gone = versions.erased(digest)
    return Erasure(sources.erase(digest), gone, _trained_on(set(gone), registry))


def _trained_on(gone: set[str], registry: Registry) -> list[str]:
    return [
        f"{version.model} {version.version} ({version.model_version})"
        for model in registry.models()
        for version in registry.versions(model)
        if version.data_version in gone
    ]
