"""The surroundings of one simulated stage instance: see `brevity.common.kafka.runtime`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from brevity.common.kafka.client import Config
from brevity.common.kafka.logs import Place
from brevity.common.kafka.runtime import Logs, Runtime
from brevity.common.kafka.watchdog import Stuck
from brevity.common.settings import KafkaSettings
from tests.simulation.broker import EPOCH, Broker
from tests.simulation.consumer import FakeConsumer
from tests.simulation.logs import SimulatedLogs, SimulatedRawLog, SimulatedWatch
from tests.simulation.producer import FakeProducer
from tests.simulation.scheduler import Killed, Process, Scheduler


class SimulatedRuntime(Runtime):
    def __init__(self, scheduler: Scheduler, process: Process, broker: Broker) -> None:
        self.scheduler = scheduler
        self.process = process
        self.broker = broker

    def monotonic(self) -> float:
        return self.scheduler.now

    def time(self) -> float:
        return EPOCH + self.scheduler.now

    def sleep(self, seconds: float) -> None:
        self.scheduler.wait(seconds)

    def wait(self, futures: Collection[Future[Any]], seconds: float) -> None:
        if futures and not any(future.done() for future in futures):

            def listen(wake: Callable[[], None]) -> None:
                for future in futures:
                    future.add_done_callback(lambda _: wake())

            self.scheduler.wait_for(seconds, listen)

    def flag(self) -> _Flag:
        return _Flag(self.scheduler)

    def workers(self, count: int, name: str) -> _Workers:
        return _Workers(self.scheduler, self.process, count)

    def watchdog(self) -> _Watchdog:
        return _Watchdog(self)

    def consumer(self, config: Config) -> FakeConsumer:
        return FakeConsumer(self.broker, self.process, config)

    def logs(self, kafka: KafkaSettings, group: str) -> SimulatedLogs:
        return SimulatedLogs(self.broker, self.process)

    def raw_log(self, kafka: KafkaSettings) -> SimulatedRawLog:
        return SimulatedRawLog(self.broker, self.process)

    def log_watch(self, logs: Logs, known: Callable[[], Mapping[Place, int]]) -> SimulatedWatch:
        return SimulatedWatch(SimulatedLogs(self.broker, self.process), known, self.broker, self.process)

    def producer(self, config: Config) -> FakeProducer:
        return FakeProducer(self.broker, self.process, config)


class _Flag:
    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._set = False
        self._waiting: list[Callable[[], None]] = []

    def set(self) -> None:
        self._set = True
        for wake in self._waiting:
            wake()
        self._waiting.clear()

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            self._scheduler.wait_for(timeout, self._waiting.append)
        return self._set


class _Workers:
    """So many tasks at once; the rest waits in line."""

    def __init__(self, scheduler: Scheduler, process: Process, count: int) -> None:
        self._scheduler = scheduler
        self._process = process
        self._free = count
        self._line: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, call: Callable[[], Any], /) -> Future[Any]:
        future: Future[Any] = Future()
        self._line.append((call, future))
        self._start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        if cancel_futures:
            self._line.clear()

    def _start(self) -> None:
        while self._free and self._line:
            self._free -= 1
            call, future = self._line.pop(0)
            self._scheduler.spawn(self._process, lambda c=call, f=future: self._work(c, f))

    def _work(self, call: Callable[[], Any], future: Future[Any]) -> None:
        try:
            value = call()
        except Killed:
            raise
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            future.set_exception(error)
        else:
            future.set_result(value)
        self._free += 1
        self._start()


class _Watchdog:
    """Calls in the task itself; now and then one does not come back, and may still take effect much later."""

    def __init__(self, runtime: SimulatedRuntime) -> None:
        self._runtime = runtime

    def run(self, call: Callable[[], Any], seconds: float) -> Any:
        faults = self._runtime.broker.faults
        if not faults.strikes("stuck"):
            return call()
        if faults.rng.random() < 0.7:
            delay = faults.rng.uniform(0, 1.5 * seconds)
            self._runtime.scheduler.spawn(self._runtime.process, lambda: self._late(call, delay))
        self._runtime.scheduler.wait(seconds)
        raise Stuck

    def close(self) -> None:
        """Nothing to let go of."""

    def _late(self, call: Callable[[], Any], delay: float) -> None:
        self._runtime.scheduler.wait(delay)
        with suppress(Exception):  # nobody waits for it any more
            call()
