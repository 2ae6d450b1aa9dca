"""The crash guard narrows down on the record that kills its worker, and on nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brevity.common.kafka.crash_guard import CrashGuard, Marker

BATCH, ATTEMPTS = 64, 3


def guard(position: int, metadata: str | None) -> CrashGuard:
    return CrashGuard(position, metadata, batch_records=BATCH, max_attempts=ATTEMPTS)


def life(
    position: int, metadata: str | None, deadly: set[int], end: int
) -> tuple[int, str | None, list[int]]:
    """Work from `position` as the stage does until a deadly record kills or `end` is reached; returns the committed
    position, its metadata and the records given up."""
    watch = guard(position, metadata)
    given_up: list[int] = []
    while position < end:
        last = min(end, position + watch.batch_limit(position)) - 1
        metadata = watch.before(position, last) or metadata
        if watch.gives_up(position) and last == position:
            given_up.append(position)
        elif deadly & set(range(position, last + 1)):
            return position, metadata, given_up
        position = last + 1
        metadata = watch.after(position)
    return position, metadata, given_up


def test_no_marker_means_no_suspects() -> None:
    assert not guard(5, None).suspects(5)
    assert not guard(5, "some other tool's note").suspects(5)
    assert guard(5, None).batch_limit(5) == BATCH


def test_a_lease_that_was_never_given_back_makes_its_records_suspects() -> None:
    left = guard(0, None).before(0, 63)
    after = guard(0, left)
    assert after.suspects(0)
    assert after.batch_limit(0) == BATCH // 4


def test_a_position_past_the_lease_clears_everybody() -> None:
    left = Marker(until=10, crashes=2).dump()
    assert not guard(10, left).suspects(10)


def test_a_lease_is_renewed_with_each_commit_so_that_a_steady_flow_signs_once() -> None:
    steady = guard(0, None)
    signed = 0
    for first in range(0, 64 * 100, 64):
        signed += steady.before(first, first + 63) is not None
        steady.after(first + 64)
    assert signed == 1


@given(
    deadly=st.sets(st.integers(0, 300), max_size=4),
    size=st.integers(1, 300),
)
def test_exactly_the_deadly_records_are_given_up(deadly: set[int], size: int) -> None:
    present = {offset for offset in deadly if offset < size}
    position, metadata, lost = 0, None, list[int]()
    for _ in range(200):
        position, metadata, given_up = life(position, metadata, deadly - set(lost), size)
        lost += given_up
        if position >= size:
            break
    assert position == size
    assert set(lost) == present


@given(kills=st.lists(st.integers(0, 40), max_size=60))
def test_random_kills_give_nobody_up_while_work_advances(kills: list[int]) -> None:
    """A worker killed at random, after some progress each time, never blames a record for it."""
    position, metadata = 0, None
    for progress in kills:
        watch = guard(position, metadata)
        for _ in range(progress + 1):
            last = position + watch.batch_limit(position) - 1
            metadata = watch.before(position, last) or metadata
            assert not watch.gives_up(position)
            position = last + 1
            metadata = watch.after(position)


@given(gap=st.integers(0, 5))
def test_a_deadly_record_behind_markers_of_transactions_is_given_up(gap: int) -> None:
    """The committed position lies below the first record there is: at a marker, an aborted or an expired record."""
    deadly, metadata = 10 + gap, Marker(until=10 + gap + 1).dump()
    for _ in range(ATTEMPTS + 5):
        watch = guard(10, metadata)
        if watch.gives_up(deadly):
            return
        metadata = watch.before(deadly, deadly) or metadata
    raise AssertionError("it kills its worker for ever")
