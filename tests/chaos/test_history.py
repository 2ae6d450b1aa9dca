"""The checker finds each kind of fault in a history, alone and among thousands of good entries, and nothing in a good one."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.chaos.history import Effect, Event, Findings, History, Submission, check

COUNT, KEYS = 500, 20


def good(seed: int = 0) -> History:
    """Every submission with its outcome in order, some of unknown fate with and without one, some aborted; effects."""
    rng = random.Random(seed)
    history = History()
    offsets = [0, 0]
    for number in range(COUNT):
        name, key = f"r{number}", f"k{number % KEYS}"
        fate = rng.choice(("acknowledged",) * 8 + ("unknown", "aborted"))
        history.submissions.append(Submission(name, f"d{number}", fate, key, number))
        if fate == "aborted" or (fate == "unknown" and rng.random() < 0.5):
            continue
        partition = number % KEYS % 2
        if rng.random() < 0.2:  # an attempt that was not committed
            history.events.append(Event(("out", partition, offsets[partition]), name, committed=False))
            offsets[partition] += 2
        place = ("out", partition, offsets[partition])
        offsets[partition] += 1
        history.events.append(Event(place, name, f"d{number}"))
        history.effects.append(Effect(name, place))
    return history


def _lost(history: History) -> str:
    sent = {s.id for s in history.submissions if s.fate == "acknowledged"}
    event = next(e for e in history.events if e.committed and e.id in sent)
    history.events = [e for e in history.events if e.id != event.id or not e.committed]
    history.effects = [e for e in history.effects if e.id != event.id]
    return event.id


def _doubled(history: History) -> str:
    event = [e for e in history.events if e.committed][-1]
    history.events.append(replace(event, place=("out", event.place[1], 10_000)))
    return event.id


def _doubled_effect(history: History) -> str:
    history.effects.append(history.effects[0])
    return history.effects[0].id


def _aborted_outcome(history: History) -> str:
    name = next(s.id for s in history.submissions if s.fate == "aborted")
    history.events.append(Event(("out", 0, 10_000), name))
    return name


def _aborted_cause(history: History) -> str:
    event = next(e for e in history.events if not e.committed)
    history.effects = [e for e in history.effects if e.id != event.id] + [Effect(event.id, event.place)]
    return event.id


def _reordered(history: History) -> str:
    keys = {s.id: s.key for s in history.submissions}
    first = next(e for e in history.events if e.committed)
    second = next(
        e for e in history.events if e.committed and keys[e.id] == keys[first.id] and e is not first
    )
    swapped = {first.id: second.place, second.id: first.place}
    history.effects = []
    history.events = [replace(e, place=swapped[e.id]) if e in (first, second) else e for e in history.events]
    return first.id


def _phantom(history: History) -> str:
    history.events.append(Event(("out", 1, 10_000), "nobody"))
    return "nobody"


def _phantom_effect(history: History) -> str:
    history.effects.append(Effect("nobody either"))
    return "nobody either"


def _other_bytes(history: History) -> str:
    event = next(e for e in history.events if e.committed)
    history.events[history.events.index(event)] = replace(event, digest="other")
    return event.id


@pytest.mark.parametrize("seed", range(5))
def test_a_good_history_is_clean(seed: int) -> None:
    assert check(good(seed)).clean, str(check(good(seed)))
    assert check(History()) == Findings()


@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        ("lost", _lost),
        ("doubled", _doubled),
        ("doubled", _doubled_effect),
        ("aborted_read", _aborted_outcome),
        ("aborted_read", _aborted_cause),
        ("reordered", _reordered),
        ("phantom", _phantom),
        ("phantom", _phantom_effect),
        ("phantom", _other_bytes),
    ],
)
def test_a_planted_fault_is_found_and_nothing_else(kind: str, plant: Callable[[History], str]) -> None:
    history = good()
    name = plant(history)
    assert check(history) == Findings(**{kind: [name]}), str(check(history))


def test_what_the_broker_lost_itself_is_not_asked_for() -> None:
    assert check(History([Submission("a", gone=True)])).clean
    assert check(History([Submission("a", gone=True)], [Event(("out", 0, 0), "a")])).clean


def test_no_order_is_asked_of_what_was_retried() -> None:
    submissions = [Submission("a", key="k", sequence=None), Submission("b", key="k", sequence=1)]
    assert check(History(submissions, [Event(("out", 0, 0), "b"), Event(("out", 0, 1), "a")])).clean
