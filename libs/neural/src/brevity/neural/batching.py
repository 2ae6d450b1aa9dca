"""Batches by tokens: alike lengths together, as many rows as the device's memory takes, work prepared ahead of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

MOST_PADDING = 0.25
"""Share of a batch's source tokens, and of its output tokens, that may be padding."""
_OUTPUT_STEP = 1.25
"""Outputs within this ratio of each other count as equally long when rows are put in order."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a request takes: source tokens, most output tokens. Only requests of one `group` can share a batch."""

    source: int
    output: int
    group: Hashable = None


def plan(
    sizes: Sequence[Size],
    fits: Callable[[int, int, int], bool],
    *,
    most_padding: float = MOST_PADDING,
) -> list[list[int]]:
    """Batches of indices; each index is in exactly one. O(n log n).

    Outputs are bucketed before sources, since a step of the decoder costs more than a token of the source. The largest
    come first, so that want of memory shows at once.

    Args:
        fits: Whether so many rows of so many source and output tokens may be one batch. A single row always may.
    """
    groups = {group: number for number, group in enumerate(dict.fromkeys(size.group for size in sizes))}

    def order(index: int) -> tuple[int, int, int, int]:
        size = sizes[index]
        return groups[size.group], -_bucket(size.output), -size.source, index

    batches: list[list[int]] = []
    for index in sorted(range(len(sizes)), key=order):
        if not batches or not _joins(sizes, batches[-1], index, fits, most_padding):
            batches.append([])
        batches[-1].append(index)
    return batches


def _joins(
    sizes: Sequence[Size],
    batch: Sequence[int],
    index: int,
    fits: Callable[[int, int, int], bool],
    most_padding: float,
) -> bool:
    rows = [sizes[number] for number in (*batch, index)]
    if rows[0].group != rows[-1].group:
        return False
    source, output = max(row.source for row in rows), max(row.output for row in rows)
    return (
        fits(len(rows), source, output)
        and _padding([row.source for row in rows]) <= most_padding
        and _padding([row.output for row in rows]) <= most_padding
    )


def padding(sizes: Sequence[Size], batches: Sequence[Sequence[int]]) -> float:
    """Share of all source tokens, padded as planned, that are padding."""
    padded = sum(len(batch) * max(sizes[index].source for index in batch) for batch in batches)
    return 1 - sum(size.source for size in sizes) / padded if padded else 0.0


def _padding(lengths: Sequence[int]) -> float:
    return 1 - sum(lengths) / (len(lengths) * max(1, *lengths))


def _bucket(output: int) -> int:
    return int(math.log(max(1, output)) / math.log(_OUTPUT_STEP))


def ahead(items: Sequence[In], prepare: Callable[[In], Out]) -> Iterator[Out]:
    """`prepare(item)` of each, in order, the next one always prepared on a thread while the caller uses the last."""
    if len(items) < 2:
        yield from map(prepare, items)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="prepare") as thread:
        coming = thread.submit(prepare, items[0])
        for item in (*items[1:], None):
            ready = coming.result()
            if item is not None:
                coming = thread.submit(prepare, item)
            yield ready


def halving(
    batch: Sequence[int],
    run: Callable[[Sequence[int]], Sequence[Out]],
    too_large: Callable[[BaseException], bool],
    alone: Callable[[int], Out],
) -> dict[int, Out]:
    """What `run` gives for each index of a batch, which is halved as often as it takes when it proves too large.

    Args:
        too_large: Whether an error means that; others are raised.
        alone: The answer for an index that is too large by itself.
    """
    try:
        return dict(zip(batch, run(batch), strict=True))
    except Exception as error:
        if not too_large(error):
            raise
    # Outside the handler: the error's traceback holds the tensors of the batch that failed.
    if len(batch) == 1:
        return {batch[0]: alone(batch[0])}
    half = len(batch) // 2
    return {
        **halving(batch[:half], run, too_large, alone),
        **halving(batch[half:], run, too_large, alone),
    }
