"""A run of training as it is logged, wherever that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class Run(Protocol):
    """One training being logged. Calls block and raise Unavailable when the tracker is away."""

    run_id: str
    url: str | None

    def parameters(self, values: Mapping[str, Any]) -> None:
        """The recipe and the like; nested values are flattened with dots."""
        ...

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None: ...

    def series(self, points: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Metrics of many steps at once."""
        ...

    def tags(self, values: Mapping[str, str]) -> None: ...

    def file(self, name: str, data: bytes) -> None:
        """A small artifact."""
        ...

    def artifact(self, path: Path) -> None:
        """A file of any size, under its own name; it is read as it is sent."""
        ...

    def finish(self, *, succeeded: bool) -> None: ...


class Tracker(Protocol):
    def begin(self, experiment: str, name: str, *, run_id: str | None = None) -> Run:
        """A new run, or the one with `run_id` to go on with."""
        ...


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings with dotted names."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{name}.")
        else:
            out[f"{prefix}{name}"] = value
    return out
