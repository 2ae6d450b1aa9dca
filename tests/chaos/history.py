"""The history of a run, and what in it breaks the promise of docs/delivery.md. Pure: no Kafka, no clock.

Simulated runs, chaos runs and `make bench-reliability` write the same history and ask the same checker, so that a fault
means the same everywhere. What is promised: each acknowledged submission ends in exactly one visible outcome, each
submission of unknown fate in one at most, an aborted one in none; nothing else is there; the bytes are those submitted;
outcomes that were written without a retry keep the order of their key.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

Fate = Literal["acknowledged", "unknown", "aborted"]
Place = tuple[str, int, int]
"""Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What was sent.

    Attributes:
        digest: Hash of what its outcome must show of it; empty when nothing can be compared.
        fate: What the sender knows: acknowledged, unknown (the answer was lost), aborted (its transaction was).
        sequence: Its place among those of its key; None when no order is promised (it was retried, say).
        gone: The broker itself lost it or let it expire, so it need not have an outcome.
    """

    id: str
    digest: str = ""
    fate: Fate = "acknowledged"
    key: str = ""
    sequence: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An outcome that was written; `committed` when a read_committed reader sees it."""

    place: Place
    id: str
    digest: str = ""
    committed: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """What somebody who read topics did to a store; `cause` is the event it was done for, where that is known."""

    id: str
    cause: Place | None = None


@dataclass(slots=True)
class History:
    submissions: list[Submission] = field(default_factory=list[Submission])
    events: list[Event] = field(default_factory=list[Event])
    effects: list[Effect] = field(default_factory=list[Effect])


@dataclass(slots=True)
class Findings:
    """Ids by what is wrong with them; all empty when the promise was kept.

    Attributes:
        lost: Acknowledged, without a visible outcome.
        doubled: With more than one visible outcome, or with more than one effect.
        aborted_read: An outcome or effect of what was never committed.
        reordered: Visible before an earlier one of the same key.
        phantom: An outcome or effect of what nobody sent, or with other bytes than were sent.
    """

    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])
    aborted_read: list[str] = field(default_factory=list[str])
    reordered: list[str] = field(default_factory=list[str])
    phantom: list[str] = field(default_factory=list[str])

    @property
    def clean(self) -> bool:
        return not any(getattr(self, each.name) for each in fields(self))

    def __str__(self) -> str:
        kinds = ((each.name, getattr(self, each.name)) for each in fields(self))
        return ", ".join(f"{len(ids)} {name} {ids[:5]}" for name, ids in kinds if ids) or "clean"


def check(history: History) -> Findings:
    """Everything in `history` that breaks the promise."""
    sent = {submission.id: submission for submission in history.submissions}
    visible = [event for event in history.events if event.committed]
    outcomes = Counter(event.id for event in visible)
    effects = Counter(effect.id for effect in history.effects)
    committed = {event.place for event in visible}
    known = [event for event in visible if event.id in sent and sent[event.id].fate != "aborted"]
    return Findings(
        lost=sorted(
            name
            for name, submission in sent.items()
            if submission.fate == "acknowledged" and not submission.gone and not outcomes[name]
        ),
        doubled=sorted({name for counts in (outcomes, effects) for name, n in counts.items() if n > 1}),
        aborted_read=sorted(
            {name for name in (*outcomes, *effects) if name in sent and sent[name].fate == "aborted"}
            | {e.id for e in history.effects if e.cause is not None and e.cause not in committed}
        ),
        reordered=_reordered(known, sent),
        phantom=sorted(
            {name for name in (*outcomes, *effects) if name not in sent}
            | {e.id for e in known if e.digest and sent[e.id].digest and e.digest != sent[e.id].digest}
        ),
    )


def _reordered(events: Iterable[Event], sent: dict[str, Submission]) -> list[str]:
    lines: dict[tuple[str, int, str], list[Event]] = defaultdict(list)
    for event in events:
        if sent[event.id].sequence is not None:
            lines[event.place[0], event.place[1], sent[event.id].key].append(event)
    return sorted({name for line in lines.values() for name in _late(line, sent)})


def _late(line: Sequence[Event], sent: dict[str, Submission]) -> list[str]:
    """Ids in one line of events that come after a later one of their key."""
    found: list[str] = []
    highest = -1
    for event in sorted(line, key=lambda event: event.place):
        sequence = sent[event.id].sequence
        assert sequence is not None
        if sequence < highest:
            found.append(event.id)
        highest = max(highest, sequence)
    return found
