"""Batches by tokens: those that cost least together, within the device's memory; work prepared ahead of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

Measure = Callable[[int, int, int], float]
"""Of a batch of so many rows, which are padded to so many source tokens and so many output tokens."""

_OUTPUT_STEP = 1.25
"""Outputs within this ratio of each other count as equally long when rows are put in order."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a request takes: source tokens, most output tokens. Only requests of one `group` can share a batch."""

    source: int
    output: int
    group: Hashable = None


def plan(sizes: Sequence[Size], fits: Callable[[int, int, int], bool], cost: Measure) -> list[list[int]]:
    """The batches that cost least together; each index is in exactly one. O(n log n + n times the rows of a batch).

    Rows are put in order of length, and that order is cut by dynamic programming. Outputs are bucketed before sources,
    since a step of the decoder costs more than a token of the source. The largest come first, so that want of memory
    shows at once.

    Args:
        fits: Whether such a batch may be; of one that may not, no larger one may. A single row always may.
        cost: What such a batch costs, in any unit.
    """
    groups = {group: number for number, group in enumerate(dict.fromkeys(size.group for size in sizes))}

    def order(index: int) -> tuple[int, int, int, int]:
        size = sizes[index]
        return groups[size.group], -_bucket(size.output), -size.source, index

    rows = sorted(range(len(sizes)), key=order)
    ordered = [sizes[index] for index in rows]
    least, begins = [0.0], [0]
    for end in range(1, len(rows) + 1):
        least.append(math.inf)
        begins.append(end - 1)
        for begin, source, output in _batches_to(end, ordered, fits):
            together = least[begin] + cost(end - begin, source, output)
            if together < least[end]:
                least[end], begins[end] = together, begin
    batches: list[list[int]] = []
    end = len(rows)
    while end:
        batches.append(rows[begins[end] : end])
        end = begins[end]
    return batches[::-1]


def _batches_to(
    end: int, rows: Sequence[Size], fits: Callable[[int, int, int], bool]
) -> Iterator[tuple[int, int, int]]:
    """Where a batch that ends before `end` may begin, and what it is padded to: source and output tokens."""
    source = output = 0
    for begin in range(end - 1, -1, -1):
        if rows[begin].group != rows[end - 1].group:
            return
        source, output = max(source, rows[begin].source), max(output, rows[begin].output)
        if begin < end - 1 and not fits(end - begin, source, output):
            return
        yield begin, source, output


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


def at_once(items: Sequence[In], do: Callable[[In], Out], most: int) -> Iterator[Out]:
    """`do(item)` of each, in order, by so many threads."""
    if most < 2 or len(items) < 2:
        yield from map(do, items)
        return
    with ThreadPoolExecutor(most, thread_name_prefix="batch") as threads:
        yield from threads.map(do, items)


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
