"""What a stage takes from its surroundings: time, threads and Kafka clients. A simulation hands in its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from confluent_kafka import Consumer, Producer

from brevity.common.kafka.client import Config
from brevity.common.kafka.log_watch import LogWatch
from brevity.common.kafka.logs import BrokerLogs, Look, Place
from brevity.common.kafka.raw_log import RawLog, Stretch
from brevity.common.kafka.watchdog import Watchdog
from brevity.common.settings import KafkaSettings


class Workers(Protocol):
    """The part of `concurrent.futures.Executor` that a stage uses."""

    def submit(self, call: Callable[[], Any], /) -> Future[Any]: ...

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None: ...


class Flag(Protocol):
    """The part of `threading.Event` that a stage uses."""

    def set(self) -> None: ...

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Guarded(Protocol):
    """See `Watchdog`."""

    def run(self, call: Callable[[], Any], seconds: float) -> Any: ...

    def close(self) -> None: ...


class Logs(Protocol):
    """See `BrokerLogs`."""

    def topic_ids(self, topics: Collection[str], *, seconds: float = ...) -> dict[str, str]: ...

    def look(self, places: Collection[Place], known: Mapping[Place, int] | None = None) -> Look: ...

    def divergence(self, place: Place, offset: int, epoch: int | None) -> int | None: ...

    def close(self) -> None: ...


class RawReader(Protocol):
    """See `RawLog`."""

    def read(self, topic: str, partition: int, offset: int, epoch: int | None) -> Stretch: ...


class Looks(Protocol):
    """See `LogWatch`."""

    def start(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> Look | None: ...


class Runtime:
    """The real surroundings. Code of the stage asks these for time and waits by these, never by `time` itself."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, futures: Collection[Future[Any]], seconds: float) -> None:
        """Until one of them is done, for `seconds` at most."""
        wait(futures, timeout=seconds, return_when=FIRST_COMPLETED)

    def flag(self) -> Flag:
        return threading.Event()

    def workers(self, count: int, name: str) -> Workers:
        return ThreadPoolExecutor(count, thread_name_prefix=name)

    def watchdog(self) -> Guarded:
        return Watchdog()

    def consumer(self, config: Config) -> Any:
        return Consumer(config)

    def producer(self, config: Config) -> Any:
        return Producer(config)

    def logs(self, kafka: KafkaSettings, group: str) -> Logs:
        return BrokerLogs(kafka, group)

    def raw_log(self, kafka: KafkaSettings) -> RawReader:
        return RawLog(kafka)

    def log_watch(self, logs: Logs, known: Callable[[], Mapping[Place, int]]) -> Looks:
        return LogWatch(logs, known)


REAL = Runtime()
