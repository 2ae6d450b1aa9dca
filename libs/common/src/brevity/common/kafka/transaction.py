"""One short transaction: publish a batch's outputs and commit its offsets, both or neither."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaException, TopicPartition

from brevity.common.errors import Fatal
from brevity.common.kafka.client import transactional_config
from brevity.common.kafka.record import OutRecord
from brevity.common.kafka.runtime import REAL, Runtime
from brevity.common.kafka.watchdog import Stuck
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)

_CALL_SECONDS = 5.0
_STUCK_SECONDS = 10.0
"""A call that has not returned this long after it was made never will; see `Watchdog`."""


class Aborted(Exception):
    """Nothing is known to be committed: read the committed offsets again and redo from there.

    Attributes:
        stale_generation: The group had just begun a new generation: nothing was committed for sure, and the same can
            be tried again with the new generation as long as the partitions are owned.
    """

    def __init__(self, message: str, *, stale_generation: bool = False) -> None:
        super().__init__(message)
        self.stale_generation = stale_generation


class Transactions:
    """The transactional producer of one stage instance; used by one thread.

    Neither this client nor the broker protocol it speaks can tell the outcome of a commit whose answer was lost
    (KIP-890), so after such an error the producer is replaced: the new one's `init_transactions` settles what the
    old one left open, and the committed offsets say what was done.

    Args:
        beat: Called while waiting for the broker, so that waiting does not look like death.
        stopping: Whether waiting is to be given up.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        instance_id: str | None,
        *,
        beat: Callable[[], None],
        stopping: Callable[[], bool],
        runtime: Runtime = REAL,
    ) -> None:
        self._runtime = runtime
        self._config = transactional_config(kafka, group, instance_id=instance_id)
        self._beat = beat
        self._stopping = stopping
        self._producer: Any = None
        self._watchdog = self._runtime.watchdog()

    def open(self) -> None:
        """Connect; ends whatever an earlier life of this instance left open.

        Raises:
            Aborted: Told to stop before the broker answered.
            Fatal: The broker refuses this producer.
        """
        while self._producer is None:
            producer = self._runtime.producer(self._config)
            try:
                self._patiently(producer.init_transactions)
            except KafkaException as error:
                _raise_if_refused(error)
                log.warning("transactions cannot start yet", reason=error.args[0].str())
                self._wait(1.0)
            except Stuck:
                self._abandon()
            else:
                self._producer = producer

    def run(
        self, outputs: Sequence[OutRecord], offsets: Sequence[TopicPartition], group_metadata: Any
    ) -> None:
        """Commit `outputs` and `offsets` together.

        Raises:
            Aborted: They are not committed as far as is known; the transactions are ready for the next run.
            Fatal: The broker refuses to write.
        """
        self.open()
        producer = self._producer
        try:
            producer.begin_transaction()
            for out in outputs:
                self._produce(producer, out)
            if offsets:
                self._patiently(
                    lambda seconds: producer.send_offsets_to_transaction(
                        list(offsets), group_metadata, seconds
                    )
                )
            self._patiently(producer.commit_transaction)
        except KafkaException as error:
            cleanly = self._recover(error)
            stale = cleanly and error.args[0].name() in _STALE_GENERATION
            raise Aborted(error.args[0].str(), stale_generation=stale) from error
        except Stuck as error:
            self._abandon()
            self.open()
            raise Aborted("the client did not come back from a call") from error

    def close(self) -> None:
        """Let go of the producer; an open transaction is aborted by the next holder of its id or by its timeout."""
        self._producer = None
        self._watchdog.close()

    def _produce(self, producer: Any, out: OutRecord) -> None:
        while True:
            try:
                producer.produce(
                    out.topic,
                    key=out.key,
                    value=out.value,
                    headers=list(out.headers),
                    timestamp=out.timestamp_ms,
                )
                return
            except BufferError:
                producer.poll(0.1)
                self._beat()

    def _recover(self, error: KafkaException) -> bool:
        """Make the next run possible; True when the transaction was aborted for sure."""
        cause = error.args[0]
        log.info("transaction failed", reason=cause.str(), abortable=cause.txn_requires_abort())
        producer, self._producer = self._producer, None
        if cause.txn_requires_abort() and not cause.fatal():
            try:
                self._patiently(producer.abort_transaction)
                self._producer = producer
            except KafkaException as failed:
                log.warning("abort failed", reason=failed.args[0].str())
            except Stuck:
                self._abandon()
        _raise_if_refused(error)
        if self._producer is not None:
            return True
        # The id stays the same for a named instance, so that opening again fences and settles the old producer.
        self.open()
        return False

    def _abandon(self) -> None:
        """Leave a stuck producer and its thread behind; the next producer fences it."""
        log.warning("the client is stuck in a call: starting a new producer")
        self._producer = None
        self._watchdog = self._runtime.watchdog()

    def _patiently(self, call: Callable[[float], Any]) -> None:
        """Call with a timeout until it does not ask to be called again."""
        while True:
            self._beat()
            try:
                self._watchdog.run(lambda: call(_CALL_SECONDS), _STUCK_SECONDS)
                return
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                self._wait(0.1)

    def _wait(self, seconds: float) -> None:
        self._beat()
        if self._stopping():
            raise Aborted("stopped while the broker was away")
        self._runtime.sleep(seconds)


_STALE_GENERATION = {"ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS"}
_REFUSALS = {
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
    "_AUTHENTICATION",
    "UNSUPPORTED_VERSION",
}


def _raise_if_refused(error: KafkaException) -> None:
    cause = error.args[0]
    if cause.name() in _REFUSALS:
        raise Fatal(
            f"Kafka refuses to write: {cause.str()}",
            code="kafka_refused",
            remedy="Grant the service write rights on its topics and its transactional id.",
        ) from error
