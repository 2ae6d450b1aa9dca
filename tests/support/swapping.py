"""Traffic on a serving process while versions are swapped under it, and what became of each promotion."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from brevity.common.errors import BrevityError
from brevity.common.events import ModelServed
from brevity.common.settings import KafkaSettings
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.serving.client import EngineClient


@dataclass(frozen=True, slots=True)
class Call:
    """One request: when it began, how long it took, which versions answered, or what went wrong."""

    began: float
    seconds: float
    versions: frozenset[str]
    problem: str | None


class Traffic:
    """Clients that ask for `jobs` over and over, `documents` at a time, each resting `rest_seconds` in between."""

    def __init__(
        self,
        client: Callable[[], EngineClient],
        jobs: Sequence[Job],
        *,
        clients: int = 2,
        documents: int = 4,
        rest_seconds: float = 0.02,
    ) -> None:
        self.calls: list[Call] = []
        self._client = client
        self._jobs = jobs
        self._documents = documents
        self._rest = rest_seconds
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), daemon=True) for number in range(clients)
        ]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)

    def problems(self) -> list[str]:
        return [call.problem for call in self.calls if call.problem is not None]

    def versions(self) -> set[str]:
        return {version for call in self.calls for version in call.versions}

    def _ask(self, number: int) -> None:
        client = self._client()
        place = number * self._documents
        while not self._stopping.wait(self._rest):
            place = (place + self._documents) % len(self._jobs)
            jobs = [self._jobs[(place + i) % len(self._jobs)] for i in range(self._documents)]
            began = time.perf_counter()
            problem: str | None = None
            answers: Sequence[Summary | BrevityError] = ()
            try:
                answers = client.summarize(jobs)
                wrong = [answer.code for answer in answers if isinstance(answer, BrevityError)]
                problem = ", ".join(wrong) or None
            except BrevityError as error:
                problem = error.code
            spent = time.perf_counter() - began
            found = frozenset(answer.model_version for answer in answers if isinstance(answer, Summary))
            self.calls.append(Call(began, spent, found, problem))


class Served:
    """The reports of serving processes, from the beginning of their topic."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._reports: list[ModelServed] = []
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "served-reader",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
            }
        )
        self._consumer.assign([TopicPartition(ModelServed.topic, 0, 0)])

    def wait(self, promotion_id: str, state: str, seconds: float = 60.0) -> ModelServed:
        """The first report of `state` on that promotion."""
        deadline = time.monotonic() + seconds
        while True:
            for report in self._reports:
                if report.promotion_id == promotion_id and report.state == state:
                    return report
            assert time.monotonic() < deadline, f"no report {state} of {promotion_id} in {seconds} s"
            message = self._consumer.poll(0.05)
            if message is not None and message.error() is None:
                self._reports.append(ModelServed.model_validate_json(message.value()))

    def close(self) -> None:
        self._consumer.close()
