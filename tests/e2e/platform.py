"""The whole platform as `make run` starts it, and eyes on every outcome topic."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Consumer, Producer, TopicPartition
from deploy.local.ports import Ports
from deploy.local.services import Service, services

from brevity.common.settings import KafkaSettings
from tests.support.commands import Brevity
from tests.support.stack import Stack

PATIENCE_SECONDS = 120.0
"""Far above what anything here takes, for a machine that has other things to do."""

TOPICS = ("documents.accepted", "documents.rejected", "summaries.completed", "summaries.failed")


@dataclass(frozen=True, slots=True)
class Seen:
    """A record on an outcome topic, as a reader of committed records sees it."""

    topic: str
    key: str
    value: dict[str, Any]
    headers: dict[str, str]


class Follower:
    """Reads every outcome topic, committed records only, from the beginning and without end."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._consumer: Any = Consumer(
            {
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "e2e-follower",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )
        self._seen: defaultdict[str, list[Seen]] = defaultdict(list)
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        places = [
            TopicPartition(topic, partition, 0)
            for topic in TOPICS
            for partition in self._consumer.list_topics(topic, timeout=60).topics[topic].partitions
        ]
        self._consumer.assign(places)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join(30)
        self._consumer.close()

    def of(self, key: str) -> list[Seen]:
        """What is there of one document now, in the order of its topics' partitions."""
        with self._changed:
            return list(self._seen[key])

    def all(self) -> list[Seen]:
        with self._changed:
            return [one for found in self._seen.values() for one in found]

    def wait(self, key: str, *topics: str, count: int = 1, seconds: float = PATIENCE_SECONDS) -> Seen:
        """The newest record of one document on one of `topics`, once there are `count`."""

        def found() -> list[Seen]:
            return [one for one in self._seen[key] if one.topic in topics]

        with self._changed:
            came = self._changed.wait_for(lambda: len(found()) >= count, seconds)
            assert came, f"{key}: no {' or '.join(topics)}, only {[one.topic for one in self._seen[key]]}"
            return found()[-1]

    def _follow(self) -> None:
        while not self._stopping:
            message = self._consumer.poll(0.2)
            if message is None or message.error() is not None or not message.value():
                continue
            seen = Seen(
                message.topic(),
                (message.key() or b"").decode(),
                json.loads(message.value()),
                {name: value.decode() for name, value in message.headers() or ()},
            )
            with self._changed:
                self._seen[seen.key].append(seen)
                self._changed.notify_all()


class Platform:
    """Stack and services, a follower of the outcomes, and the ways in."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        ports = Ports(*(stack.free_port() for _ in Ports.__slots__))
        self.services: dict[str, Service] = {
            service.name: service for service in services(stack.environ(), ports, folder)
        }
        self.brevity = Brevity(stack.environ(), seconds=2 * PATIENCE_SECONDS)
        self.follower = Follower(stack.kafka)
        self._producer = Producer(
            {"bootstrap.servers": stack.kafka.bootstrap_servers, "message.max.bytes": 41_000_000}
        )

    def start(self) -> None:
        for service in self.services.values():
            service.start()
        for service in self.services.values():
            service.wait_ready()

    def stop(self) -> dict[str, int]:
        """Ask every process to stop; its exit status by name. The engine goes last."""
        self.follower.stop()
        processes = {name: service.process for name, service in self.services.items()}
        serve = self.services["serve"]
        others = [service for service in self.services.values() if service is not serve]
        for service in others:
            service.ask_to_stop()
        for service in (*others, serve):
            service.stop()
        return {name: process.returncode for name, process in processes.items() if process is not None}

    def produce(self, key: str | None, value: bytes, **headers: str) -> None:
        """Bytes on `documents.submitted`, as `kcat -P` would put them there."""
        given: list[tuple[str, str | bytes | None]] = [
            (name, text.encode()) for name, text in headers.items()
        ]
        self._producer.produce("documents.submitted", key=key, value=value, headers=given or None)
        assert self._producer.flush(60) == 0

    def submit(self, key: str, text: str, **fields: Any) -> None:
        self.produce(key, json.dumps({"text": text, **fields}).encode())

    def completed(self, key: str, *, count: int = 1) -> Seen:
        """The document's summary; fails at once when it ends otherwise."""
        end = self.follower.wait(
            key, "summaries.completed", "summaries.failed", "documents.rejected", count=count
        )
        assert end.topic == "summaries.completed", end.value
        return end

    def door(self, service: str) -> httpx.Client:
        address = f"http://127.0.0.1:{self.services[service].port}"
        return httpx.Client(base_url=address, trust_env=False, timeout=60)

    def metrics(self, service: str) -> str:
        with self.door(service) as door:
            return door.get("/metrics").text


def eventually(what: str, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.2)
