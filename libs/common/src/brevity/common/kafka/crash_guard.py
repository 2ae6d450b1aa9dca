"""Finds the record that kills its worker, and counts those deaths durably.

A process that dies leaves no note, so one is left before the work: offsets are committed with a small marker as their
metadata, a lease that says up to which offset records may be in work. Whoever gets the partition next and finds a
lease that was never given back knows that its holder died with those records in its hands. They become suspects: they
are worked on in smaller batches at each death, in the end one at a time with nothing beside it, and a record that was
alone at `max_attempts` deaths is dead-lettered without being touched again.

The first note is left when a partition is taken over: fetching may kill as well, before any record is in hand.

The lease is long (several batches) and renewed inside the transactions that commit offsets anyway, so that in a
steady flow it costs nothing. Pure logic; the stage does the committing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

_SHRINK = 4
"""How much smaller suspects' batches get with each death: 256 records are down to one after four."""

_LEASE_BATCHES = 8


@dataclass(frozen=True, slots=True)
class Marker:
    """The note left in the offset's metadata.

    Attributes:
        until: Records below this offset may be in work.
        crashes: Deaths in a row that these records were part of.
        alone: The record in work by itself, or -1.
        alone_crashes: Deaths that `alone` was alone in before this attempt.
    """

    until: int
    crashes: int = 0
    alone: int = -1
    alone_crashes: int = 0

    def dump(self) -> str:
        note = {"u": self.until, "c": self.crashes, "a": self.alone, "n": self.alone_crashes}
        return json.dumps(note, separators=(",", ":"))

    @classmethod
    def parse(cls, metadata: str | None) -> Marker | None:
        """The marker in `metadata`; None when there is none (another tool may have written something else)."""
        if not metadata:
            return None
        try:
            note = json.loads(metadata)
            return cls(int(note["u"]), int(note["c"]), int(note["a"]), int(note["n"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


class CrashGuard:
    """The guard of one partition for as long as it is assigned.

    Args:
        position: The committed offset.
        metadata: What was committed with it.
        batch_records: Records in a full batch.
        max_attempts: Deaths after which a record that was alone in each is given up.
    """

    def __init__(self, position: int, metadata: str | None, *, batch_records: int, max_attempts: int) -> None:
        self._batch_records = batch_records
        self._max_attempts = max_attempts
        self._lease_until = -1
        self._suspect_until = -1
        self._crashes = 0
        self._alone = -1
        self._alone_crashes = 0
        marker = Marker.parse(metadata)
        if marker is not None and position < marker.until:
            self._suspect_until = marker.until
            self._crashes = marker.crashes + 1
            if marker.alone >= position:  # above it when transaction markers or expired records lie between
                self._alone, self._alone_crashes = marker.alone, marker.alone_crashes + 1

    @property
    def crashes(self) -> int:
        """Deaths in a row that the records now suspected were part of; 0 when none is."""
        return self._crashes

    def suspects(self, offset: int) -> bool:
        """Whether the record at `offset` was in a dead worker's hands: then it must be in work with no other batch."""
        return offset < self._suspect_until

    def batch_limit(self, offset: int) -> int:
        """Most records of a batch that begins at `offset`."""
        if not self.suspects(offset):
            return self._batch_records
        return max(1, self._batch_records // _SHRINK**self._crashes)

    def gives_up(self, offset: int) -> int:
        """The number of deaths when the record at `offset` must not be tried again, else 0."""
        return (
            self._alone_crashes if offset == self._alone and self._alone_crashes >= self._max_attempts else 0
        )

    def taken_over(self, position: int) -> str:
        """The metadata to commit at `position` before anything is fetched from there."""
        if self.suspects(position):
            # Nothing is in work yet: who dies now has not died of the record that was alone.
            return Marker(self._suspect_until, self._crashes, self._alone, self._alone_crashes - 1).dump()
        self._lease_until = position + self._ahead
        return Marker(self._lease_until).dump()

    def before(self, first: int, last: int) -> str | None:
        """The metadata to commit at the present position before offsets `first` to `last` are worked on, or None
        when what stands there already covers them."""
        if self.suspects(first):
            alone = first if first == last else -1
            known = self._alone_crashes if alone == self._alone else 0
            return Marker(self._suspect_until, self._crashes, alone, known).dump()
        if last < self._lease_until:
            return None
        self._lease_until = last + 1 + self._ahead
        return Marker(self._lease_until).dump()

    def after(self, position: int) -> str:
        """The metadata to commit together with `position`, which renews the lease."""
        if position < self._suspect_until:
            return Marker(self._suspect_until, self._crashes).dump()
        self._suspect_until, self._crashes = -1, 0
        self._lease_until = max(self._lease_until, position + self._ahead)
        return Marker(self._lease_until).dump()

    def unsigned(self) -> None:
        """The last note could not be left: leave it before the next batch."""
        self._lease_until = -1

    @property
    def _ahead(self) -> int:
        return _LEASE_BATCHES * self._batch_records
