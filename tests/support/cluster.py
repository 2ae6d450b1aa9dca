"""Three real brokers, each a controller as well, with three replicas of everything; beside them the two stores.

Where we may, the third broker lives in a network namespace of its own, behind one pair of virtual interfaces that can be
cut. No packet leaves the machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from deploy.local.java import Server, ensure_jars, free_port
from deploy.local.servers import KafkaServer
from deploy.local.stack import Stack

from brevity.common.settings import KafkaSettings
from tests.support.processes import wait_until

_LOOPBACK = "127.0.0.1"


class Namespace:
    """A network namespace with one interface, and its other end here. Needs root."""

    def __init__(self) -> None:
        number = os.getpid() % 64_000
        self.name = f"brevity-{number}"
        self._here, self._there = f"bv{number}a", f"bv{number}b"
        net = f"198.18.{number // 250}.{number % 250 + 1 & ~3}"  # a range kept for tests of networks
        prefix, last = net.rsplit(".", 1)
        self.outside, self.inside = f"{prefix}.{int(last) + 1}", f"{prefix}.{int(last) + 2}"

    @staticmethod
    def possible() -> bool:
        """Whether we are root and have what it takes."""
        return os.geteuid() == 0 and shutil.which("ip") is not None

    def __enter__(self) -> Namespace:
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.name)
            _ip("addr", "add", f"{self.outside}/30", "dev", self._here)
            _ip("link", "set", self._here, "up")
            self._inside("addr", "add", f"{self.inside}/30", "dev", self._there)
            self._inside("link", "set", "lo", "up")
            self.join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _ip("netns", "del", self.name)

    def cut(self) -> None:
        """No packet passes, in neither direction, and nobody is told."""
        self._inside("link", "set", self._there, "down")

    def join(self) -> None:
        self._inside("link", "set", self._there, "up")

    def command(self, command: Sequence[str]) -> list[str]:
        """`command` as a process in here."""
        return ["ip", "netns", "exec", self.name, *command]

    def _inside(self, *arguments: str) -> None:
        _ip("-n", self.name, *arguments)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Broker(KafkaServer):
    """One of several."""

    start_seconds = 180.0
    stop_seconds = 90.0

    def __init__(self, number: int, host: str, folder: Path, namespace: Namespace | None = None) -> None:
        super().__init__(free_port(), folder, heap="256m")
        self.number = number
        self.host = host
        self.voters: Mapping[int, str] = {}
        self._namespace = namespace

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def voter(self) -> str:
        return f"{self.host}:{self._controller_port}"

    def properties(self) -> dict[str, object]:
        return super().properties() | {
            "node.id": self.number,
            "controller.quorum.voters": ",".join(
                f"{number}@{voter}" for number, voter in self.voters.items()
            ),
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{self.voter}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "default.replication.factor": 3,
            "min.insync.replicas": 2,
            "offsets.topic.replication.factor": 3,
            "transaction.state.log.replication.factor": 3,
            "transaction.state.log.min.isr": 2,
        }

    def command(self) -> Sequence[str]:
        command = super().command()
        return self._namespace.command(command) if self._namespace else command

    def ready(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex((self.host, self.port)) == 0


class Cluster(Stack):
    """The local stack with three brokers in the place of one.

    Attributes:
        namespace: Where the third broker lives; None when it shares our network.
    """

    def __init__(self, folder: Path, namespace: Namespace | None = None) -> None:
        super().__init__(folder)
        self.namespace = namespace
        here, there = (namespace.outside, namespace.inside) if namespace else (_LOOPBACK, _LOOPBACK)
        self.brokers = [
            Broker(1, here, folder / "kafka-1"),
            Broker(2, here, folder / "kafka-2"),
            Broker(3, there, folder / "kafka-3", namespace),
        ]
        voters = {broker.number: broker.voter for broker in self.brokers}
        for broker in self.brokers:
            broker.voters = voters

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self._addresses, replication_factor=3)

    def environ(self) -> dict[str, str]:
        return super().environ() | {
            "BREVITY_KAFKA_BOOTSTRAP_SERVERS": self._addresses,
            "BREVITY_KAFKA_REPLICATION_FACTOR": "3",
        }

    @property
    def _addresses(self) -> str:
        return ",".join(broker.address for broker in self.brokers)

    def start(self) -> None:
        ensure_jars()
        servers: list[Server] = [*self.brokers, self.mongo_server, self.s3_server]
        try:
            with ThreadPoolExecutor() as pool:  # each formats its storage first
                list(pool.map(lambda server: server.start(), servers))
            for server in servers:
                server.wait_ready()
            wait_until("three brokers in the cluster", lambda: self._brokers_seen() == 3, seconds=180)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for broker in self.brokers:
            broker.kill()  # its peers may be gone already: a graceful stop would wait for them
        for server in (self.mongo_server, self.s3_server):
            server.stop()

    def in_sync(self) -> bool:
        """Whether every partition has all its replicas, and all brokers are there."""
        with suppress(KafkaException):
            topics = self._metadata().topics.values()
            partitions = [partition for topic in topics for partition in topic.partitions.values()]
            return self._brokers_seen() == 3 and all(len(partition.isrs) == 3 for partition in partitions)
        return False

    def _brokers_seen(self) -> int:
        with suppress(KafkaException):
            return len(self._metadata().brokers)
        return 0

    def _metadata(self) -> Any:
        admin: Any = AdminClient({"bootstrap.servers": self._addresses, "log_level": 0})
        return admin.list_topics(timeout=10)
