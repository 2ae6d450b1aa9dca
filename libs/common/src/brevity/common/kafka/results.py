"""What a stage's handler is given and gives back: the port between the exactly-once stage and a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.kafka.record import OutRecord, Record


@dataclass(frozen=True, slots=True)
class Done:
    """The record is dealt with; `outputs` (none, one or more) become visible together with its offset."""

    outputs: tuple[OutRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The record could not be dealt with: Rejected is dead-lettered at once, Transient is tried again.

    Unavailable: a dependency did not do its part for this record. The same error object in several results of one call
    says that they failed together, in one request. What follows is decided by `brevity.common.kafka.blame`.
    """

    error: BrevityError


@dataclass(frozen=True, slots=True)
class SetAside:
    """The record takes long. It goes to the retry topic, from where it comes back (`Record.aside`) to be worked on by
    itself, one at a time, while those behind it pass. Not for a record that was set aside already."""


class Unkept(Unavailable):
    """Raised by a `DeadLetter` that could not keep the record's bytes: `letter` says so, and is written in the end when
    it is these bytes that the store will not take."""

    def __init__(self, error: Unavailable, letter: OutRecord) -> None:
        super().__init__(
            error.message, code=error.code, remedy=error.remedy, probe=error.probe, busy=error.busy
        )
        self.letter = letter


def unkept_note(record: Record) -> str:
    """What a dead letter says of bytes that could not be kept."""
    return (
        "The original bytes are not kept; until its retention they lie on "
        f"{record.topic}, partition {record.partition}, offset {record.offset}."
    )


Result = Done | Failed | SetAside

Handler = Callable[[Sequence[Record]], Sequence[Result]]
"""Transforms a batch: one result per record, in order.

Called from worker threads, several batches at a time, outside any transaction; may block. Must be a pure function of
the records apart from idempotent effects, because it is called again after a crash, and with fewer of the records.
Raising `Unavailable` says so of all records together; `Fatal` stops the stage; anything else is a failed attempt of the
record that raises it alone.
"""

DeadLetter = Callable[[Record, BrevityError, int], OutRecord]
"""Builds the event that replaces a record given up on, from the record, the cause and the attempts made.

May block to keep the record's bytes in the object store; raises `Unkept` when it cannot.
"""
