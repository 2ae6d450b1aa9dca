"""The rules, one by one; how they do over time is in test_drain_policy."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.summarize.serving.autoscaling import (
    Highest,
    Load,
    Replicas,
    needed_to_keep_up,
    wanted_replicas,
)

SPEED, DRAIN = 100.0, 60.0
QUIET = Load(0.0, (), 0.0, 0.0, SPEED, 20.0)

tokens = st.floats(0, 1e7)
loads = st.builds(
    Load,
    waiting_tokens=tokens,
    tokens_in_work=st.lists(tokens, max_size=4).map(tuple),
    ongoing=st.floats(0, 100),
    busy=st.floats(0, 8),
    tokens_per_second=st.none() | st.floats(0.1, 1e5),
    load_seconds=st.none() | st.floats(0, 600),
)
replicas = st.builds(
    lambda ready, loading, fewest, more: Replicas(ready, ready + loading, fewest, fewest + more),
    st.integers(0, 8),
    st.integers(0, 4),
    st.integers(1, 4),
    st.integers(0, 20),
)


def wanted(load: Load, ready: int = 1, target: int | None = None, drain_seconds: float = DRAIN) -> int:
    meant = Replicas(ready, ready if target is None else target, 1, 100)
    lately = needed_to_keep_up(load, drain_seconds)
    return wanted_replicas(load, meant, drain_seconds=drain_seconds, needed_lately=lately)


@given(loads, replicas, st.floats(1, 1_000), st.integers(1, 100))
def test_it_stays_within_the_bounds(load: Load, meant: Replicas, drain: float, lately: int) -> None:
    found = wanted_replicas(load, meant, drain_seconds=drain, needed_lately=lately)
    assert meant.fewest <= found <= meant.most


@given(loads, replicas, tokens, st.floats(1, 1_000))
def test_more_that_waits_never_asks_for_fewer(load: Load, meant: Replicas, more: float, drain: float) -> None:
    def found(load: Load) -> int:
        lately = needed_to_keep_up(load, drain)
        return wanted_replicas(load, meant, drain_seconds=drain, needed_lately=lately)

    assert found(replace(load, waiting_tokens=load.waiting_tokens + more)) >= found(load)


@given(loads, st.integers(1, 8), st.floats(1, 10), st.floats(1, 1_000))
def test_faster_replicas_are_never_more(load: Load, ready: int, faster: float, drain: float) -> None:
    slow = replace(
        load, tokens_per_second=load.tokens_per_second or 1.0, load_seconds=load.load_seconds or 0.0
    )
    fast = replace(slow, tokens_per_second=(slow.tokens_per_second or 1.0) * faster)
    assert wanted(fast, ready, drain_seconds=drain) <= wanted(slow, ready, drain_seconds=drain)


@given(st.floats(0, 1e6), st.integers(1, 8), st.floats(0, 600), st.floats(1, 1_000))
def test_what_is_left_when_new_ones_are_ready_is_drained_in_time(
    waiting: float, ready: int, load_seconds: float, drain: float
) -> None:
    """In the wanted time; where loading takes half of it or more, half the wanted time after loading."""
    found = wanted(
        replace(QUIET, waiting_tokens=waiting, load_seconds=load_seconds), ready, drain_seconds=drain
    )
    if found < 100:
        until = max(drain, load_seconds + drain / 2)
        found = max(found, ready)  # giving up is another rule's
        done = ready * SPEED * load_seconds + found * SPEED * (until - load_seconds)
        assert done >= waiting * (1 - 1e-9) - 1e-6


@given(st.floats(0, 1), st.integers(1, 8), st.floats(0, 600))
def test_what_the_present_ones_drain_before_a_new_one_is_ready_starts_none(
    share: float, ready: int, load_seconds: float
) -> None:
    load = replace(QUIET, waiting_tokens=share * ready * SPEED * load_seconds, load_seconds=load_seconds)
    assert wanted(load, ready) <= ready


@pytest.mark.parametrize(
    ("load_seconds", "least"),
    [(0, 60), (20, 60), (30, 60), (60, 90), (300, 330)],
)
def test_a_second_one_starts_for_what_takes_the_first_longer_than_the_wanted_time_or_loading_and_half_of_it(
    load_seconds: float, least: float
) -> None:
    load = replace(QUIET, load_seconds=load_seconds)
    assert wanted(replace(load, waiting_tokens=SPEED * least * 0.999)) == 1
    assert wanted(replace(load, waiting_tokens=SPEED * least * 1.001)) == 2


def test_those_that_load_already_are_not_started_again() -> None:
    load = replace(QUIET, waiting_tokens=SPEED * 180)
    needed = wanted(load)
    assert needed == 4
    assert wanted(load, ready=1, target=needed) == needed


def test_a_long_document_in_work_starts_none_because_none_could_help_with_it() -> None:
    assert wanted(replace(QUIET, tokens_in_work=(SPEED * 1_000,), busy=1.0)) == 1


def test_what_waits_behind_a_long_document_starts_one() -> None:
    load = replace(QUIET, tokens_in_work=(SPEED * 1_000,), waiting_tokens=SPEED * 30, busy=1.0)
    assert wanted(load) == 2
    assert wanted(replace(load, tokens_in_work=())) == 1


@given(loads, st.integers(1, 8), st.floats(1, 1_000))
def test_one_that_is_given_up_is_not_called_back_by_the_same_load(
    load: Load, ready: int, drain: float
) -> None:
    load = replace(load, tokens_in_work=())
    fewer = wanted(load, ready, drain_seconds=drain)
    if fewer < ready:
        assert wanted(load, fewer, drain_seconds=drain) == fewer


def test_a_busy_one_is_kept_though_nothing_waits() -> None:
    assert wanted(replace(QUIET, busy=1.5), ready=3) == 2
    assert wanted(replace(QUIET, busy=1.7), ready=3) == 3


def test_a_backlog_keeps_what_drains_it_in_half_the_wanted_time() -> None:
    assert wanted(replace(QUIET, waiting_tokens=SPEED * 30 * 2), ready=4) == 2
    assert wanted(replace(QUIET, waiting_tokens=SPEED * 30 * 2 + 1), ready=4) == 3


def test_what_was_needed_within_a_load_time_is_kept() -> None:
    meant = Replicas(4, 4, 1, 8)
    assert wanted_replicas(QUIET, meant, drain_seconds=DRAIN, needed_lately=3) == 3


def test_with_none_ready_the_number_is_held() -> None:
    assert wanted(replace(QUIET, waiting_tokens=1e9), ready=0, target=3) == 3
    assert wanted(QUIET, ready=0, target=3) == 3


@pytest.mark.parametrize(("ongoing", "found"), [(0, 1), (2, 1), (3, 2), (9, 5)])
@pytest.mark.parametrize("known", [{"tokens_per_second": None}, {"load_seconds": None}])
def test_before_anything_is_measured_it_goes_by_micro_batches_and_gives_none_up(
    ongoing: float, found: int, known: dict[str, None]
) -> None:
    load = replace(QUIET, ongoing=ongoing, **known)
    assert wanted(load) == found
    assert wanted(load, ready=5) == 5


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 9)), min_size=1), st.floats(0, 30))
def test_the_highest_within_a_time(steps: list[tuple[float, int]], seconds: float) -> None:
    highest, now = Highest(), 0.0
    seen: list[tuple[float, int]] = []
    for step, number in steps:
        now += step
        seen.append((now, number))
        assert highest(number, now, seconds) == max(n for at, n in seen if at >= now - seconds)
