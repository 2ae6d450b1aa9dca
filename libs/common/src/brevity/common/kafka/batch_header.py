"""Which records a batch on the log holds, told by its header: for a batch whose records the client cannot unpack."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.common.errors import Unavailable
from brevity.common.kafka.raw_log import OutOfRange, RawLog
from brevity.common.settings import KafkaSettings


@dataclass(frozen=True, slots=True)
class BatchHeader:
    """Offsets `first` to `last`, both included; `timestamp_ms` is that of its latest record."""

    first: int
    last: int
    timestamp_ms: int


def batch_header(kafka: KafkaSettings, topic: str, partition: int, offset: int) -> BatchHeader | None:
    """The header of the batch that holds `offset`; None when the broker does not tell within some seconds.

    Nothing is unpacked. Blocks; not to be called on an event loop.
    """
    try:
        batch = RawLog(kafka).batch(topic, partition, offset)
    except (Unavailable, OutOfRange):
        return None
    return batch and BatchHeader(batch.first, batch.last, batch.timestamp_ms)
