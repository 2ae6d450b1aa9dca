"""Values that sentence splitting, ranking and faithfulness share."""

from __future__ import annotations

from typing import NamedTuple

PROSE = frozenset({"paragraph", "list_item", "quotation", "speech"})
"""Kinds of blocks that sentences of a summary are taken from."""


class Block(NamedTuple):
    """A stretch of a text that is known to be of one kind, e.g. `paragraph` or `heading`.

    Its line ends are ends of nothing; no sentence begins in one block and ends in another. `speaker` says it, where it
    is `speech`; the name stands before the block in the text.
    """

    kind: str
    start: int
    end: int
    speaker: str | None = None


class Span(NamedTuple):
    """Characters [start, end) of a text, in Unicode code points."""

    start: int
    end: int
