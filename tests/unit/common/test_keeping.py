"""Records into a store that refuses some of them, for the one reason or the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Rejected, Unavailable
from brevity.common.kafka import keeping
from brevity.common.kafka.keeping import Keeping
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_RETRY_SECONDS", 0.0)


class Store:
    """Raises what `refuse` makes of a record; keeps a piece as a whole or not at all."""

    def __init__(self, refuse: Callable[[Record], Exception | None]) -> None:
        self.refuse = refuse
        self.kept: dict[int, int] = {}
        self.pieces: list[int] = []
        self.registry = CollectorRegistry()
        self.metrics = ConsumerMetrics("test", self.registry)
        self.stopping = asyncio.Event()

    async def keep(self, records: list[Record]) -> None:
        self.pieces.append(len(records))
        for record in records:
            error = self.refuse(record)
            if error is not None:
                raise error
        self.kept |= {record.offset: self.kept.get(record.offset, 0) + 1 for record in records}

    async def take(self, records: list[Record]) -> bool:
        return await Keeping(self.keep, 500, self.metrics, self.stopping, lambda: None).all(records)

    def left_out(self, code: str) -> float | None:
        return self.registry.get_sample_value(
            "brevity_test_records_left_out_total", {"topic": "t", "code": code}
        )


def records(count: int, value: bytes | None = b"{}") -> list[Record]:
    return [Record("t", 0, number, b"%d" % number, value) for number in range(count)]


@pytest.mark.parametrize("bad", [0, 250, 499])
@pytest.mark.parametrize(
    ("error", "code"),
    [(Rejected("no", code="store_refused"), "store_refused"), (OverflowError("int"), "unexpected_error")],
)
async def test_one_record_that_cannot_be_kept_stops_no_other(bad: int, error: Exception, code: str) -> None:
    store = Store(lambda record: error if record.offset == bad else None)
    assert await store.take(records(500))
    assert set(store.kept) == set(range(500)) - {bad}
    assert store.left_out(code) == 1
    assert len(store.pieces) < 50


async def test_nothing_is_left_out_while_nothing_passes() -> None:
    """A bug that every record meets, or a store that is away: tombstones that pass prove nothing."""
    for error in (KeyError("bug"), Unavailable("away", code="mongo")):
        tries = 0
        store = Store(lambda record: None)

        def refuse(record: Record, store: Store = store, error: Exception = error) -> Exception | None:
            nonlocal tries
            tries += 1
            if tries == 100:
                store.stopping.set()
            return None if record.value is None else error

        store.refuse = refuse
        assert not await store.take([*records(5), Record("t", 0, 5, b"5", None)])
        assert store.left_out("unexpected_error") is None


async def test_what_is_unavailable_alone_is_waited_for() -> None:
    tries = 0

    def refuse(record: Record) -> Exception | None:
        nonlocal tries
        tries += record.offset == 3
        return Unavailable("away", code="mongo") if record.offset == 3 and tries < 20 else None

    store = Store(refuse)
    assert await store.take(records(8))
    assert set(store.kept) == set(range(8))


async def test_the_last_word_on_a_key_is_kept_last() -> None:
    """While one record fails, no record of another key is kept before those that were read before it."""
    erased = Record("t", 0, 2, b"other", None)
    order: list[int] = []

    async def keep(piece: list[Record]) -> None:
        if any(record.offset == 0 for record in piece):
            raise KeyError("bug")
        order.extend(record.offset for record in piece)

    store = Store(lambda record: None)
    taken = [Record("t", 0, 0, b"bad", b"{}"), Record("t", 0, 1, b"other", b"{}"), erased]
    assert await Keeping(keep, 500, store.metrics, store.stopping, lambda: None).all(taken)
    assert order[-1] == 2
