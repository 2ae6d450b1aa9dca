"""How far readers are behind, by where the broker said that the logs end."""

from __future__ import annotations

from collections.abc import Iterable

from brevity.common.kafka.inflight import Partition
from brevity.common.kafka.logs import Log, Place


class Ends:
    """The logs as they were last seen."""

    def __init__(self) -> None:
        self._seen: dict[Place, Log] = {}

    def note(self, place: Place, log: Log) -> None:
        self._seen[place] = log

    def of(self, partition: Partition) -> int:
        """Where the partition's own log was last seen to end; 0 when it was not."""
        log = self._seen.get((partition.topic, partition.number))
        return log.end if log is not None and log.topic_id == partition.log else 0

    def behind(self, partitions: Iterable[Partition]) -> dict[str, int]:
        """Unfinished records by topic."""
        lags: dict[str, int] = {}
        for partition in partitions:
            done = partition.position
            if partition.settled():
                # Markers of transactions at the log's end are no records: what the reader reached is done.
                done = max(done, partition.end)
            lags[partition.topic] = lags.get(partition.topic, 0) + max(0, self.of(partition) - done)
        return lags
