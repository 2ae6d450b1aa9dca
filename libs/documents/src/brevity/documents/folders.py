"""Files of a folder, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def files_in(path: Path) -> Iterator[Path]:
    """`path` where it is a file, else every file below it whose name, and whose folders' names, begin with no dot."""
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file
