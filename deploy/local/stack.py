"""Kafka, the MongoDB-wire store and the S3 server together, and the settings that lead services to them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from brevity.common.settings import KafkaSettings, MongoSettings, S3Settings
from deploy.local.java import ensure_jars, free_port
from deploy.local.servers import S3_ACCESS_KEY, S3_SECRET_KEY, KafkaServer, MongoServer, S3Server


class Stack:
    """The local stack in a folder; a second start on the same folder finds the data again.

    Args:
        folder: Where the servers keep their data and logs.
        ports: Kafka's, the store's and the S3 server's port; free ones when absent.
    """

    def __init__(self, folder: Path, ports: tuple[int, int, int] | None = None) -> None:
        folder = folder.resolve()
        kafka, mongo, s3 = ports or (free_port(), free_port(), free_port())
        self.kafka_server = KafkaServer(kafka, folder / "kafka")
        self.mongo_server = MongoServer(mongo, folder / "mongo")
        self.s3_server = S3Server(s3, folder / "s3")

    @property
    def servers(self) -> tuple[KafkaServer, MongoServer, S3Server]:
        return self.kafka_server, self.mongo_server, self.s3_server

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap_servers=self.kafka_server.address)

    @property
    def mongo(self) -> MongoSettings:
        return MongoSettings(url=SecretStr(f"mongodb://{self.mongo_server.address}"))

    @property
    def s3(self) -> S3Settings:
        return S3Settings(
            endpoint_url=f"http://{self.s3_server.address}",
            access_key_id=SecretStr(S3_ACCESS_KEY),
            secret_access_key=SecretStr(S3_SECRET_KEY),
        )

    def environ(self) -> dict[str, str]:
        """The variables that lead a service process to this stack."""
        return {
            "BREVITY_MODE": "local",
            "BREVITY_KAFKA_BOOTSTRAP_SERVERS": self.kafka_server.address,
            "BREVITY_MONGO_URL": f"mongodb://{self.mongo_server.address}",
            "BREVITY_S3_ENDPOINT_URL": f"http://{self.s3_server.address}",
            "BREVITY_S3_ACCESS_KEY_ID": S3_ACCESS_KEY,
            "BREVITY_S3_SECRET_ACCESS_KEY": S3_SECRET_KEY,
        }

    @staticmethod
    def free_port() -> int:
        return free_port()

    def start(self) -> None:
        """Start all three and wait until they answer; on failure none is left running."""
        ensure_jars()
        try:
            for server in self.servers:
                server.start()
            for server in self.servers:
                server.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for server in reversed(self.servers):
            server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
