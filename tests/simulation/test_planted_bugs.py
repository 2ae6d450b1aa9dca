"""The simulation can fail: each bug planted in the stage is found within some seeds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from brevity.common.kafka import commit as commit_module
from brevity.common.kafka.crash_guard import CrashGuard, Marker
from brevity.common.kafka.inflight import Batch, Item
from brevity.common.kafka.stage import Stage
from brevity.common.kafka.transaction import Aborted, Transactions
from brevity.common.kafka.transform import Fate
from tests.simulation.sweep import quiet
from tests.simulation.world import World

MOST_SEEDS = 400
"""A planted bug is to be found within so many."""


class CommitsFirst(Stage):
    """Moves the position before the work."""

    def _start(self, batch: Batch) -> None:
        super()._start(batch)
        item = batch.items[-1]
        place = TopicPartition(item.partition.topic, item.partition.number, item.offset + 1)
        with suppress(Exception):  # it is wrong enough when it succeeds
            self._consumer.commit(offsets=[place], asynchronous=False)


class CommitsApart(Stage):
    """Publishes in a transaction and moves the position after it."""

    def _commit(self, done: Sequence[tuple[Item, Fate]]) -> None:
        outputs = [out for _, fate in done for out in fate.outputs]
        try:
            self._transactions.run(outputs, [], None)
        except Aborted:
            self._assignment.disown()
            self._rewind_due = True
            return
        super()._commit([(item, Fate(fate.outcome)) for item, fate in done])


class IgnoresOwnership(Stage):
    """Commits work that was begun for a partition lost meanwhile."""

    def _commit_finished(self) -> None:
        for batch in self._in_flight:
            for item in batch.items:
                item.partition.owned = True
        super()._commit_finished()


class CommitsOutOfOrder(Stage):
    """Commits whichever batch is finished."""

    def _commit_finished(self) -> None:
        batches = self._in_flight._batches
        line = sorted(batches, key=lambda batch: not batch.future.done())
        batches.clear()
        batches.extend(line)
        super()._commit_finished()


class NeverRewinds(Stage):
    """Goes on after an aborted transaction as if it had been committed."""

    def _turn(self) -> None:
        if self._rewind_due:
            self._rewind_due = False
            for partition in self._assignment.all():
                partition.owned = True
        super()._turn()


class WritesBackwards(Stage):
    """Publishes the last result of a commit first."""

    def _commit(self, done: Sequence[tuple[Item, Fate]]) -> None:
        outputs = [fate.outputs for _, fate in done][::-1]
        super()._commit(
            [(item, Fate(fate.outcome, out)) for (item, fate), out in zip(done, outputs, strict=True)]
        )


class ReadsUncommitted(Stage):
    """Takes records of transactions that are open or aborted."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._consumer.committed_only = False


def _found(stage_class: type[Stage] = Stage) -> World:
    """The first seed that finds the bug out."""
    with quiet():
        for seed in range(MOST_SEEDS):
            world = World(seed, stage_class=stage_class)
            verdict = world.run()
            if not verdict.clean:
                print(verdict)
                world.verdict = verdict
                return world
    pytest.fail(f"not found in {MOST_SEEDS} seeds")


@pytest.mark.parametrize(
    ("bug", "kinds"),
    [
        (CommitsFirst, {"lost"}),
        (CommitsApart, {"doubled"}),
        (IgnoresOwnership, {"doubled"}),
        (CommitsOutOfOrder, {"lost", "reordered"}),
        (NeverRewinds, {"lost", "doubled"}),
        (WritesBackwards, {"reordered"}),
        (ReadsUncommitted, {"aborted_read"}),
    ],
)
def test_a_bug_in_the_stage_is_found(bug: type[Stage], kinds: set[str]) -> None:
    verdict = _found(bug).verdict
    assert verdict is not None
    assert verdict.stuck or any(getattr(verdict.findings, kind) for kind in kinds), verdict


def test_a_commit_that_nothing_fences_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_module, "_membership", lambda consumer: ("", -1, None))
    _found()


def test_an_unknown_outcome_taken_for_an_abort_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Transactions.run

    def again(self: Transactions, *arguments: Any) -> None:
        try:
            run(self, *arguments)
        except Aborted as error:
            raise Aborted(
                str(error), stale_generation=True
            ) from error  # "nothing was committed: do it again"

    monkeypatch.setattr(Transactions, "run", again)
    verdict = _found().verdict
    assert verdict is not None
    assert verdict.findings.doubled, verdict


def test_a_guard_that_cannot_count_past_a_transaction_marker_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Short(CrashGuard):
        def __init__(self, position: int, metadata: str | None, **named: int) -> None:
            marker = Marker.parse(metadata)
            if marker is not None and marker.alone > position:
                metadata = Marker(marker.until, marker.crashes).dump()
            super().__init__(position, metadata, **named)

    monkeypatch.setattr("brevity.common.kafka.positions.CrashGuard", Short)
    verdict = _found().verdict
    assert verdict is not None
    assert verdict.stuck
