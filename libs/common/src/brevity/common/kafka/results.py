"""What a stage's handler is given and gives back: the port between the exactly-once stage and a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brevity.common.errors import BrevityError
from brevity.common.kafka.record import OutRecord, Record


@dataclass(frozen=True, slots=True)
class Done:
    """The record is dealt with; `outputs` (none, one or more) become visible together with its offset."""

    outputs: tuple[OutRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """The record could not be dealt with: Rejected is dead-lettered at once, Transient is tried again."""

    error: BrevityError


Result = Done | Failed

Handler = Callable[[Sequence[Record]], Sequence[Result]]
"""Transforms a batch: one result per record, in order.

Called from worker threads, several batches at a time, outside any transaction; may block. Must be a pure function of
the records apart from idempotent effects, because it is called again after a crash. Raising `Unavailable` holds the
batch (nothing is counted against its records) and tries again after a backoff; raising anything else stops the stage.
"""

DeadLetter = Callable[[Record, BrevityError, int], OutRecord]
"""Builds the event that replaces a record given up on, from the record, the cause and the attempts made.

May block to keep the record's bytes in the object store; `Unavailable` holds the batch as above.
"""
