"""The containers: what the compose file says is checked everywhere, running it needs a Docker engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Consumer, Producer

from brevity.common.settings import load_settings
from brevity.summarize.settings import SummarizeSettings
from tests.support.topics import eventually

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_port_is_bound_to_loopback(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_setting_is_one_that_the_services_know(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        environ = {k: str(v) for k, v in service.get("environment", {}).items() if k.startswith("BREVITY_")}
        load_settings(SummarizeSettings, environ)


def test_every_image_is_pinned_and_every_service_has_its_command(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert not service["image"].endswith(":latest"), name
        if service["image"] == "brevity:local":
            assert service["command"], name


def _engine() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.docker
@pytest.mark.timeout(1_500)
@pytest.mark.skipif(not _engine(), reason="needs a Docker engine")
def test_a_document_becomes_a_summary_in_containers() -> None:
    from testcontainers.compose import DockerCompose

    name = f"docker-{uuid.uuid4().hex[:8]}"
    with DockerCompose(ROOT, build=True, wait=False):
        producer = Producer({"bootstrap.servers": "127.0.0.1:19092"})
        text = "The bridge was closed on Monday. Engineers found a crack. It opens again in May. " * 10
        consumer = Consumer(
            {
                "bootstrap.servers": "127.0.0.1:19092",
                "group.id": name,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
            }
        )
        eventually(
            "the topics are there", lambda: "summaries.completed" in consumer.list_topics().topics, 300
        )
        producer.produce(
            "documents.submitted", key=name, value=json.dumps({"text": text, "summary": {"words": 20}})
        )
        assert producer.flush(60) == 0
        consumer.subscribe(["summaries.completed"])

        def arrived() -> bool:
            message = consumer.poll(1.0)
            return message is not None and message.error() is None and message.key() == name.encode()

        eventually("the summary arrives", arrived, 600)
        consumer.close()
