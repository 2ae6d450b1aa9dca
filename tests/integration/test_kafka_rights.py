"""The rights in the manifests are enough: the services' own processes, each with its KafkaUser and the client settings of
its ConfigMap, against a broker that refuses all else.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from deploy.local.java import ROOT, ensure_jars
from deploy.local.ports import Ports
from deploy.local.services import Service
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.kafka.topics import TOPICS
from brevity.common.settings import KafkaSettings
from brevity.feedback.mongo import collections
from tests.contract.k8s.checks.kafka import CONSUMERS
from tests.support.secured_kafka import Certificates, SecuredKafka
from tests.support.stack import Stack, require_local_stack
from tests.support.topics import eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

K8S = ROOT / "deploy/k8s"


def users() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((K8S / "components/kafka/users.yaml").read_text("utf-8")))


def client_config() -> str:
    lines = (K8S / "base/settings/shared.env").read_text("utf-8").splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("BREVITY_KAFKA_CLIENT_CONFIG="))


class Broker:
    """The secured broker and the settings of each user."""

    def __init__(self, folder: Path) -> None:
        certificates = Certificates(folder / "certificates")
        self.server = SecuredKafka(folder / "kafka", certificates)
        self.plain = KafkaSettings(bootstrap_servers=self.server.address)
        self._variables = {
            user["metadata"]["name"]: self.server.variables(
                certificates.user(user["metadata"]["name"]), client_config()
            )
            for user in users()
        }

    def variables(self, user: str) -> dict[str, str]:
        return self._variables[user]

    def settings(self, user: str) -> KafkaSettings:
        given = self._variables[user]
        return KafkaSettings(
            bootstrap_servers=given["BREVITY_KAFKA_BOOTSTRAP_SERVERS"],
            client_config=json.loads(given["BREVITY_KAFKA_CLIENT_CONFIG"]),
        )

    def config(self, user: str) -> dict[str, Any]:
        settings = self.settings(user)
        return {"bootstrap.servers": settings.bootstrap_servers, **settings.client_config}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Generator[Broker]:
    require_local_stack()
    ensure_jars()
    made = Broker(tmp_path_factory.mktemp("rights"))
    try:
        made.server.start()
        made.server.wait_ready()
        apply_topics(made.plain)
        made.server.allow(users())
        yield made
    finally:
        made.server.stop()


def test_a_document_goes_through_with_each_service_as_its_own_user(
    broker: Broker, stack: Stack, tmp_path: Path
) -> None:
    base = {**stack.environ(), "BREVITY_MONGO_DATABASE": "rights", "BREVITY_S3_BUCKET": "rights"}
    ports = Ports(*(Stack.free_port() for _ in Ports.__slots__))
    running = [
        Service("ingest", ["brevity.ingest"], base | broker.variables("ingest"), ports.ingest, tmp_path, "/readyz"),
        Service(
            "stage",
            ["brevity.summarize", "stage"],
            base | broker.variables("summarize") | {"BREVITY_SUMMARIZE_CLIENT": "local"},
            ports.summarize,
            tmp_path,
            "/readyz",
        ),
        Service("feedback", ["brevity.feedback"], base | broker.variables("feedback"), ports.feedback, tmp_path, "/readyz"),
    ]  # fmt: skip
    with ExitStack() as stopping:
        for service in running:
            service.start()
            stopping.callback(service.stop)
        for service in running:
            service.wait_ready()
        producer: Any = Producer({"bootstrap.servers": broker.server.address})
        producer.produce(
            "documents.submitted", key="one", value=json.dumps({"document_id": "one", "text": BRIDGE})
        )
        assert producer.flush(20) == 0
        store: Any = stopping.enter_context(MongoClient(f"mongodb://{stack.mongo_server.address}"))
        try:
            eventually(
                "the summary is in the store",
                lambda: store["rights"][collections.SUMMARIES].count_documents({}) == 1,
                60,
            )
        except AssertionError:
            print(*(service.log.read_text(errors="replace")[-2_000:] for service in running), sep="\n")
            raise
    for service in running:
        log = service.log.read_text(errors="replace").lower()
        assert "authorization" not in log, f"{service.name}: {log[-2_000:]}"


@pytest.mark.parametrize(("user", "group", "topics"), [c for c in CONSUMERS if c[0] == "trainer"])
async def test_the_trainer_reads_what_it_reads(
    broker: Broker, user: str, group: str, topics: tuple[str, ...]
) -> None:
    seen: set[str] = set()
    all_seen = asyncio.Event()

    async def keep(records: list[Record]) -> None:
        seen.update(record.topic for record in records)
        if seen == set(topics):
            all_seen.set()

    producer: Any = Producer({"bootstrap.servers": broker.server.address})
    for topic in topics:
        producer.produce(topic, key="any", value=b"{}")
    assert producer.flush(20) == 0
    metrics = ConsumerMetrics("rights", CollectorRegistry())
    consumer = BatchConsumer("rights", broker.settings(user), group, list(topics), keep, Batching(), metrics)
    working = asyncio.create_task(consumer.run())
    async with asyncio.timeout(60):
        await all_seen.wait()
    consumer.stop()
    await working


def test_the_scaler_sees_lags_and_reads_nothing(broker: Broker) -> None:
    admin = AdminClient(broker.config("keda"))
    places = [TopicPartition("documents.accepted", number) for number in range(8)]
    [future] = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions("brevity.summarize", places)]
    ).values()
    assert len(future.result(20).topic_partitions) == 8
    consumer: Any = Consumer({**broker.config("keda"), "group.id": "brevity.summarize"})
    assert consumer.get_watermark_offsets(places[0], timeout=20) is not None
    consumer.assign([TopicPartition("documents.accepted", 0, 0)])
    message = consumer.poll(20)
    assert message is not None
    assert message.error().code() in (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    )
    consumer.close()


@pytest.mark.parametrize("service", ["ingest", "summarize", "feedback", "trainer"])
def test_a_service_writes_what_the_table_says_and_nothing_else(broker: Broker, service: str) -> None:
    written: set[str] = set()
    errors: set[int] = set()

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            written.add(str(message.topic()))
        else:
            errors.add(error.code())

    producer: Any = Producer(broker.config(service))
    for topic in TOPICS:
        producer.produce(topic.name, key="any", value=b"{}", on_delivery=delivered)
    assert producer.flush(30) == 0
    assert written == {topic.name for topic in TOPICS if service in topic.writers}
    assert errors == {KafkaError.TOPIC_AUTHORIZATION_FAILED}
