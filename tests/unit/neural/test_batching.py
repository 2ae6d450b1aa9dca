"""Batches by tokens: the cheapest together, every request once, and a batch that is too large halved."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.neural.batching import Size, ahead, at_once, halving, plan
from brevity.neural.devices import Shape, batch_bytes, rows_a_step, tokens_a_call

SIZES = st.lists(
    st.builds(Size, st.integers(1, 1_024), st.integers(1, 200), st.sampled_from("ab")), max_size=80
)


def fits(rows: int, source: int, output: int) -> bool:
    return rows * (source + output) <= 4_096


def cost(rows: int, source: int, output: int) -> float:
    return output * (40 + rows) + 0.5 * rows * source


def together(sizes: Sequence[Size], batches: Sequence[Sequence[int]]) -> float:
    return sum(
        cost(len(batch), max(sizes[i].source for i in batch), max(sizes[i].output for i in batch))
        for batch in batches
    )


@given(SIZES)
def test_every_request_is_in_one_batch_that_fits(sizes: list[Size]) -> None:
    batches = plan(sizes, fits, cost)
    assert sorted(index for batch in batches for index in batch) == list(range(len(sizes)))
    for batch in batches:
        rows = [sizes[index] for index in batch]
        assert len({row.group for row in rows}) == 1
        assert len(rows) == 1 or fits(len(rows), max(r.source for r in rows), max(r.output for r in rows))


@given(SIZES)
def test_no_way_of_cutting_the_order_once_more_or_once_less_costs_less(sizes: list[Size]) -> None:
    batches = plan(sizes, fits, cost)
    least = together(sizes, batches)
    for number, batch in enumerate(batches):
        for cut in range(1, len(batch)):
            more = [*batches[:number], batch[:cut], batch[cut:], *batches[number + 1 :]]
            assert together(sizes, more) >= least
    for one, other in itertools.pairwise(batches):
        rows = [sizes[index] for index in (*one, *other)]
        alike = len({row.group for row in rows}) == 1
        if alike and fits(len(rows), max(r.source for r in rows), max(r.output for r in rows)):
            assert together(sizes, [[*one, *other]]) >= together(sizes, [one, other])


def test_alike_requests_share_a_batch_up_to_the_budget() -> None:
    assert sorted(len(batch) for batch in plan([Size(412, 100)] * 20, fits, cost)) == [4, 8, 8]


def test_where_a_step_costs_much_all_share_it_and_where_padding_does_none_is_padded() -> None:
    sizes = [Size(20 * n, 5 * n) for n in range(1, 11)]
    assert len(plan(sizes, fits, lambda rows, source, output: output * (1_000 + rows))) == 1
    assert len(plan(sizes, fits, lambda rows, source, output: rows * (source + output))) == 10


def test_a_row_above_the_budget_goes_alone() -> None:
    assert plan([Size(9_000, 100), Size(50, 10)], fits, cost) == [[0], [1]]


def test_what_comes_next_is_prepared_on_a_thread_while_the_last_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]

    def prepare(number: int) -> str:
        begun[number].set()
        return threading.current_thread().name

    for number, thread in enumerate(ahead(range(3), prepare)):
        assert thread.startswith("prepare")
        assert number == 2 or begun[number + 1].wait(10), "the next was not begun ahead"


def test_batches_beside_each_other_come_back_in_order() -> None:
    both = threading.Barrier(2, timeout=10)

    def run(number: int) -> int:
        if number < 2:
            both.wait()  # neither goes on before the other has begun
        return number

    assert list(at_once(range(5), run, 2)) == [0, 1, 2, 3, 4]


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


@pytest.mark.parametrize("device", ["cuda", "mps", "xpu"])
def test_a_step_on_any_accelerator_is_worth_more_rows_than_on_a_cpu(device: str) -> None:
    assert rows_a_step(device) > rows_a_step("cpu")
    assert tokens_a_call(device) > tokens_a_call("cpu")


def test_memory_of_a_batch_grows_with_rows_sources_outputs_and_beams() -> None:
    shape = Shape(12, 1_024, 4_096, 1_024, 16, 50_265, 4, holds_scores=False)
    one = batch_bytes(shape, 1, 1_024, 128, 1)
    assert batch_bytes(shape, 8, 1_024, 128, 1) == 8 * one
    assert one < batch_bytes(shape, 1, 1_024, 256, 1) < batch_bytes(shape, 1, 1_024, 256, 4)
    # The decoder's cache of BART-large's full window, by hand: keys and values, 12 layers, 1,024 x 1,024 float32.
    assert batch_bytes(shape, 1, 1_024, 1, 1) >= 2 * 12 * 1_024 * 1_024 * 4
