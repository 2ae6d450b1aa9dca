"""The three servers of the local stack: Apache Kafka, a MongoDB-wire store and an S3 server, all on loopback."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from deploy.local.java import LocalStackError, Server, classpath, compiled, free_port, java, quiet

_CLUSTER_ID = "QnJldml0eUxvY2FsU3RhY2"
_MAX_MESSAGE_BYTES = 42 * (1 << 20)  # above the largest topic's limit in brevity.common.kafka.topics

S3_ACCESS_KEY = "local"
S3_SECRET_KEY = "local-development-only"  # noqa: S105 - guards nothing but loopback


class KafkaServer(Server):
    """Apache Kafka in KRaft mode: broker and controller in one process."""

    name = "kafka"
    start_seconds = 300.0  # after a kill it reads its logs again; one killed in that begins anew
    stop_seconds = 60.0  # one that closes its logs has nothing to read again

    def __init__(self, port: int, folder: Path, *, heap: str = "512m") -> None:
        super().__init__(port, folder)
        self._controller_port = free_port()
        self._heap = heap

    @property
    def _config(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _data(self) -> Path:
        return self.folder / "kafka-data"

    def properties(self) -> dict[str, object]:
        """What `server.properties` says."""
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._data,
            "auto.create.topics.enable": "false",
            "message.max.bytes": _MAX_MESSAGE_BYTES,
            "replica.fetch.max.bytes": _MAX_MESSAGE_BYTES,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "log.cleaner.dedupe.buffer.size": 16_777_216,
        }

    def prepare(self) -> None:
        self._config.write_text("\n".join(f"{key}={value}" for key, value in self.properties().items()))
        if not (self._data / "meta.properties").exists():
            self._run("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._config))

    def command(self) -> Sequence[str]:
        return [
            java(),
            f"-Xmx{self._heap}",
            "-XX:+UseSerialGC",
            *quiet(),
            "-cp",
            classpath(),
            "kafka.Kafka",
            str(self._config),
        ]

    def _run(self, main: str, *arguments: str) -> None:
        command = [java(), "-Xmx128m", "-cp", classpath(), main, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LocalStackError(f"{main} failed: {done.stdout[-500:]}{done.stderr[-500:]}")


class MongoServer(Server):
    """A MongoDB-wire store that keeps its data in one H2 file."""

    name = "mongo"
    start_seconds = 300.0  # a folder of an earlier release is given its indexes first

    def command(self) -> Sequence[str]:
        classes = compiled(Path(__file__).with_name("mongo"))
        return [
            java(),
            "-Xmx384m",
            "-XX:+UseSerialGC",
            *quiet(),
            "-cp",
            f"{classpath()}{os.pathsep}{classes}",
            "LocalMongo",
            str(self.port),
            str(self.folder / "mongo.h2"),
        ]


class S3Server(Server):
    """S3 on a folder."""

    name = "s3"

    def prepare(self) -> None:
        objects = self.folder / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        (self.folder / "s3proxy.conf").write_text(
            "\n".join(
                (
                    f"s3proxy.endpoint=http://{self.address}",
                    "s3proxy.authorization=aws-v2-or-v4",
                    f"s3proxy.identity={S3_ACCESS_KEY}",
                    f"s3proxy.credential={S3_SECRET_KEY}",
                    "s3proxy.ignore-unknown-headers=true",
                    "jclouds.provider=filesystem-nio2",
                    f"jclouds.filesystem.basedir={objects}",
                )
            )
        )

    def command(self) -> Sequence[str]:
        return [
            java(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            *quiet(),
            "-cp",
            classpath(),
            "org.gaul.s3proxy.Main",
            "--properties",
            str(self.folder / "s3proxy.conf"),
        ]

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/", timeout=1):
                return True
        except urllib.error.HTTPError:
            return True  # it refuses an unsigned request: it is up
        except OSError:
            return False
