"""Records wait in order and leave in bounded batches; suspects of one partition leave by themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brevity.common.kafka.crash_guard import CrashGuard, Marker
from brevity.common.kafka.inflight import Item, Partition, Waiting
from brevity.common.kafka.record import Record
from brevity.common.settings import StageSettings

SETTINGS = StageSettings(batch_records=4, batch_bytes=1_000)


def partition(number: int = 0, *, suspects_until: int = 0) -> Partition:
    note = Marker(until=suspects_until, crashes=1).dump() if suspects_until else None
    return Partition("source", number, 0, CrashGuard(0, note, batch_records=4, max_attempts=3))


def item(where: Partition, offset: int, size: int = 10) -> Item:
    return Item(where, offset, Record("source", where.number, offset, None, b""), size)


def waiting(*items: Item) -> Waiting:
    found = Waiting(SETTINGS)
    for one in items:
        found.add(one)
    return found


def batches(queue: Waiting) -> list[tuple[bool, list[int]]]:
    taken: list[tuple[bool, list[int]]] = []
    while (batch := queue.next_batch()) is not None:
        taken.append((batch.alone, [one.offset for one in batch.items]))
    return taken


def test_nothing_waiting_gives_no_batch() -> None:
    assert waiting().next_batch() is None
    assert not waiting().full()


def test_a_batch_has_at_most_so_many_records_in_order() -> None:
    here = partition()
    queue = waiting(*(item(here, offset) for offset in range(10)))
    assert queue.full()
    assert batches(queue) == [(False, [0, 1, 2, 3]), (False, [4, 5, 6, 7]), (False, [8, 9])]
    assert len(queue) == 0


def test_a_batch_has_at_most_so_many_bytes_and_one_that_is_larger_goes_alone() -> None:
    here = partition()
    queue = waiting(
        item(here, 0, 600), item(here, 1, 300), item(here, 2, 300), item(here, 3, 5_000), item(here, 4)
    )
    assert queue.full()
    assert [offsets for _, offsets in batches(queue)] == [[0, 1], [2], [3], [4]]


def test_suspects_of_one_partition_leave_alone_and_the_others_keep_their_order() -> None:
    suspect, other = partition(0, suspects_until=6), partition(1)
    queue = waiting(item(suspect, 0), item(other, 0), item(suspect, 1), item(other, 1), item(suspect, 9))
    taken = batches(queue)
    assert taken[0] == (True, [0])
    assert [offsets for alone, offsets in taken if not alone] == [[0], [1, 9]]
    assert sorted(offset for _, offsets in taken for offset in offsets) == [0, 0, 1, 1, 9]


def test_what_belongs_to_a_lost_partition_is_forgotten() -> None:
    lost, kept = partition(0), partition(1)
    queue = waiting(item(lost, 0, 900), item(kept, 0), item(lost, 1, 900))
    lost.owned = False
    assert queue.forget_lost() == 2
    assert not queue.full(), "its bytes count no more"
    assert batches(queue) == [(False, [0])]


def test_a_partition_is_settled_when_all_that_arrived_is_done() -> None:
    here = partition()
    assert here.settled()
    here.fetched = 3
    assert not here.settled()
    here.position = 3
    assert here.settled()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 1_500)), max_size=40), st.integers(0, 20))
def test_every_record_leaves_exactly_once_in_the_order_of_its_partition(
    arrivals: list[tuple[int, int]], suspects_until: int
) -> None:
    partitions = [partition(0, suspects_until=suspects_until), partition(1), partition(2)]
    offsets = [0, 0, 0]
    queue = Waiting(SETTINGS)
    for number, size in arrivals:
        queue.add(item(partitions[number], offsets[number], size))
        offsets[number] += 1
    left: list[list[int]] = [[], [], []]
    while (batch := queue.next_batch()) is not None:
        assert 1 <= len(batch.items) <= SETTINGS.batch_records
        assert len(batch.items) == 1 or sum(one.size for one in batch.items) <= SETTINGS.batch_bytes
        assert not batch.alone or len({one.partition.number for one in batch.items}) == 1
        for one in batch.items:
            left[one.partition.number].append(one.offset)
    assert left == [list(range(count)) for count in offsets]
