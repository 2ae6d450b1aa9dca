"""A transaction under the group's present generation: only a member of it may commit (KIP-447)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import TopicPartition

from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.kafka.transaction import Aborted, Transactions

_GENERATION_TRIES, _GENERATION_WAIT_SECONDS = 40, 0.05


def commit(
    transactions: Transactions,
    consumer: Any,
    metrics: StageMetrics,
    outputs: Sequence[OutRecord],
    offsets: Sequence[TopicPartition],
    *,
    runtime: Runtime = REAL,
) -> None:
    """Run the transaction, again when the group has just moved on to a new generation.

    That is safe for partitions that are owned: cooperative rebalancing takes none before the callback for revoked
    partitions, which the calling thread itself serves and has not; and a member that was thrown out is told by the
    callback for lost ones before it can join again.

    Raises:
        Aborted: Nothing is known to be committed.
        Fatal: The broker refuses to write.
    """
    for tries_left in reversed(range(_GENERATION_TRIES)):
        try:
            transactions.run(outputs, offsets, _membership(consumer))
        except Aborted as error:
            metrics.transactions.labels("aborted").inc()
            if not error.stale_generation or not tries_left:
                raise
            runtime.sleep(_GENERATION_WAIT_SECONDS)
        else:
            metrics.transactions.labels("committed").inc()
            return


def _membership(consumer: Any) -> Any:
    """What the broker knows this instance's generation by.

    Raises:
        Aborted: The broker has thrown this instance out. Without a member id it would fence nothing, so that a late
            commit would go beside the new owner's.
    """
    metadata = consumer.consumer_group_metadata()
    if not consumer.memberid():  # asked after: a lost membership stays lost until this thread polls
        raise Aborted("no longer a member of the group")
    return metadata
