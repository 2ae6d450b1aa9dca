"""What consumer and producer share: calls to the broker, each of which takes a moment and may fail."""

from __future__ import annotations

from typing import Any

from tests.simulation.broker import Broker, kafka_error
from tests.simulation.scheduler import Killed, Process

_LATENCY_SECONDS = 0.002


class Client:
    """Calls to the broker: each takes a moment, in which the process may be stopped or killed."""

    def __init__(self, broker: Broker, process: Process, config: dict[str, Any]) -> None:
        self.broker = broker
        self.process = process
        self.config = config
        self.scheduler = broker.scheduler

    def call(self, timeout: float = 5.0) -> None:
        if self.process.dead:
            raise Killed
        faults = self.broker.faults
        seconds = _LATENCY_SECONDS
        if faults.strikes("slow_call"):
            seconds = faults.rng.uniform(0, 3.0)
        self.scheduler.wait(seconds)
        if self.broker.away_until > self.scheduler.now:
            self.scheduler.wait(min(timeout, self.broker.away_until - self.scheduler.now))
            if self.broker.away_until > self.scheduler.now:
                raise kafka_error("_TIMED_OUT", retriable=True)
        if faults.strikes("retriable"):
            raise kafka_error("_TRANSPORT", retriable=True)
