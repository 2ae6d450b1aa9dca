"""Engines by name. Each is imported only when asked for, so that one engine's needs never burden another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brevity.common.errors import Fatal
from brevity.summarize.engines.port import SummaryEngine

DEFAULT = "extractive"


def load_engine(uri: str = DEFAULT) -> SummaryEngine:
    """The engine named by `uri`: `extractive` (its bundled model) or `extractive:/path/to/model`.

    A model in the object store is fetched before, by `ModelCache.local`. Raises Fatal when there is no such engine or its model cannot be read.
    """
    name, _, location = uri.partition(":")
    load = _LOADERS.get(name)
    if load is None:
        known = ", ".join(sorted(_LOADERS))
        raise Fatal(
            f"There is no engine “{name}”",
            code="unknown_engine",
            remedy=f"Use one of: {known}, or NAME:PATH.",
        )
    return load(_path(location))


def _path(location: str) -> Path | None:
    if not location:
        return None
    path = Path(location)
    if not path.exists():
        raise Fatal(
            f"The engine's model {location} does not exist",
            code="model_not_found",
            remedy="Give the path of a model after the engine's name, or no path for the bundled one.",
        )
    return path


def _extractive(path: Path | None) -> SummaryEngine:
    from brevity.summarize.engines.extractive import ExtractiveEngine

    return ExtractiveEngine.load(path)


_LOADERS: dict[str, Callable[[Path | None], SummaryEngine]] = {"extractive": _extractive}
