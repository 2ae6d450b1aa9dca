"""A transactional producer as confluent_kafka gives it, on the model of the broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import TopicPartition

from tests.simulation.broker import Broker, Txn, kafka_error
from tests.simulation.client import Client
from tests.simulation.scheduler import Killed, Process


class FakeProducer(Client):
    def __init__(self, broker: Broker, process: Process, config: dict[str, Any]) -> None:
        super().__init__(broker, process, config)
        self._name: str = config["transactional.id"]
        self._timeout = min(3.0, config["transaction.timeout.ms"] / 1000)
        self._epoch = -1
        self._txn: Txn | None = None
        self._buffer: list[tuple[Any, ...]] = []

    def init_transactions(self, timeout: float) -> None:
        self.call(timeout)
        self._epoch = self.broker.init_producer(self._name)

    def begin_transaction(self) -> None:
        if self.process.dead:
            raise Killed
        self._buffer.clear()
        self._txn = None

    def produce(self, topic: str, *, key: Any, value: Any, headers: Any, timestamp: int = 0) -> None:
        if self.process.dead:
            raise Killed
        self._buffer.append((topic, key, value, tuple(headers), timestamp))

    def poll(self, timeout: float) -> int:
        self.scheduler.wait(timeout)
        return 0

    def send_offsets_to_transaction(
        self, offsets: Sequence[TopicPartition], metadata: Any, timeout: float
    ) -> None:
        self.call(timeout)
        self._flush()
        self._faults()
        self.broker.group.check(metadata, transactional=True)
        txn = self._open()
        for tp in offsets:
            txn.offsets[tp.topic, tp.partition] = (tp.offset, tp.metadata or "", tp.leader_epoch)
            self.broker.group.pending[tp.topic, tp.partition] = txn

    def commit_transaction(self, timeout: float) -> None:
        self.call(timeout)
        self._flush()
        self._faults()
        txn = self._open()
        faults = self.broker.faults
        if faults.strikes("unknown_outcome"):
            how = faults.rng.random()
            if how < 0.4:
                self.broker.commit(self._name, self._epoch, txn)
            elif how < 0.7:  # on its way, and it may arrive after the answer was given up on
                delay = faults.rng.uniform(0.0, 1.0)
                self.scheduler.after(
                    delay, self._quietly, lambda: self.broker.commit(self._name, self._epoch, txn)
                )
            raise kafka_error("_STATE")
        self.broker.commit(self._name, self._epoch, txn)
        self._txn = None

    def abort_transaction(self, timeout: float) -> None:
        self.call(timeout)
        self._buffer.clear()
        if self._txn is not None:
            self.broker.abort(self._name, self._epoch, self._txn)
            self._txn = None

    def _faults(self) -> None:
        faults = self.broker.faults
        if faults.strikes("fenced"):
            self.broker.init_producer(self._name)
        if faults.strikes("abortable"):
            raise kafka_error("_MSG_TIMED_OUT", abortable=True)

    def _open(self) -> Txn:
        self.broker.fence(self._name, self._epoch)
        if self._txn is None:
            self._txn = self.broker.begin(self._name, self._epoch, self._timeout)
        elif self._txn.state != "open":
            raise kafka_error("INVALID_TXN_STATE", fatal=True)
        return self._txn

    def _flush(self) -> None:
        """Records go out in the order they were produced."""
        if self._buffer:
            txn = self._open()
            for topic, key, value, headers, timestamp in self._buffer:
                self.broker.append(topic, key, value, headers, txn, timestamp_ms=timestamp)
            self._buffer.clear()

    @staticmethod
    def _quietly(call: Callable[[], None]) -> None:
        with suppress(Exception):  # nobody waits for it any more
            call()
