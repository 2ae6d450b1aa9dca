"""What every benchmark prints: a table for people, then one line of JSON for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

QUICK = os.environ.get("QUICK") == "1"
"""Whether to finish within a minute, on less data."""


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*(f"{cell:,.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    Console(width=120).print(table)


def finish(name: str, ratios: Mapping[str, float]) -> None:
    """The last line: the benchmark's name and its ratios."""
    print(
        json.dumps({"bench": name, "quick": QUICK, **{key: round(value, 4) for key, value in ratios.items()}})
    )
