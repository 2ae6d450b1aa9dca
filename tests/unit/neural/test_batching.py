"""Batches by tokens: bounded padding, every request once, and a batch that is too large halved."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.neural.batching import MOST_PADDING, Size, ahead, halving, padding, plan
from brevity.neural.devices import Shape, batch_bytes

SIZES = st.lists(
    st.builds(Size, st.integers(1, 1_024), st.integers(1, 200), st.sampled_from("ab")), max_size=80
)


def fits(rows: int, source: int, output: int) -> bool:
    return rows * (source + output) <= 4_096


@given(SIZES)
def test_every_request_is_in_one_batch_that_fits_and_pads_little(sizes: list[Size]) -> None:
    batches = plan(sizes, fits)
    assert sorted(index for batch in batches for index in batch) == list(range(len(sizes)))
    for batch in batches:
        rows = [sizes[index] for index in batch]
        assert len({row.group for row in rows}) == 1
        assert len(rows) == 1 or fits(len(rows), max(r.source for r in rows), max(r.output for r in rows))
        for lengths in ([row.source for row in rows], [row.output for row in rows]):
            assert 1 - sum(lengths) / (len(lengths) * max(lengths)) <= MOST_PADDING
    assert padding(sizes, batches) <= MOST_PADDING


def test_alike_requests_share_a_batch_up_to_the_budget() -> None:
    assert [len(batch) for batch in plan([Size(412, 100)] * 20, fits)] == [8, 8, 4]


def test_a_row_above_the_budget_goes_alone() -> None:
    assert plan([Size(9_000, 100), Size(50, 10)], fits) == [[0], [1]]


def test_what_comes_next_is_prepared_on_a_thread_while_the_last_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]

    def prepare(number: int) -> str:
        begun[number].set()
        return threading.current_thread().name

    for number, thread in enumerate(ahead(range(3), prepare)):
        assert thread.startswith("prepare")
        assert number == 2 or begun[number + 1].wait(10), "the next was not begun ahead"


def test_a_batch_too_large_is_halved_until_it_fits_and_one_alone_is_answered_for() -> None:
    tried: list[list[int]] = []

    def run(batch: Sequence[int]) -> list[str]:
        tried.append(list(batch))
        if len(batch) > 2 or 5 in batch:
            raise MemoryError
        return [str(number) for number in batch]

    found = halving(
        range(8), run, lambda error: isinstance(error, MemoryError), lambda number: f"no {number}"
    )
    assert found == {number: "no 5" if number == 5 else str(number) for number in range(8)}
    assert tried[0] == list(range(8))


def test_another_error_is_not_taken_for_want_of_memory() -> None:
    def run(batch: Sequence[int]) -> list[str]:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        halving([1, 2], run, lambda error: isinstance(error, MemoryError), str)


def test_memory_of_a_batch_grows_with_rows_sources_outputs_and_beams() -> None:
    shape = Shape(12, 1_024, 4_096, 1_024, 16, 50_265, 4, holds_scores=False)
    one = batch_bytes(shape, 1, 1_024, 128, 1)
    assert batch_bytes(shape, 8, 1_024, 128, 1) == 8 * one
    assert one < batch_bytes(shape, 1, 1_024, 256, 1) < batch_bytes(shape, 1, 1_024, 256, 4)
    # The decoder's cache of BART-large's full window, by hand: keys and values, 12 layers, 1,024 x 1,024 float32.
    assert batch_bytes(shape, 1, 1_024, 1, 1) >= 2 * 12 * 1_024 * 1_024 * 4
