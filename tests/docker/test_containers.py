"""The platform in containers: with its own brokers and stores, or with servers of this machine in their place."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, Producer
from deploy.local.java import free_port
from deploy.local.servers import S3_ACCESS_KEY, S3_SECRET_KEY

from tests.docker.engine import ROOT, can_get, compose, docker, has_compose
from tests.support.stack import Stack, fresh_stack
from tests.support.topics import eventually

PYTHON_IMAGE = "python:3.11-slim-bookworm"
KEY = {"X-API-Key": "local-development-only"}
TEXT = "The bridge was closed on Monday. Engineers found a crack. It opens again in May. " * 10
SERVICES = ("ingest", "serve", "stage", "feedback", "mlflow", "trainer")

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1_500)]


class Containers:
    """Our services' containers, in a compose project of their own, on the local stack's servers."""

    def __init__(self, stack: Stack) -> None:
        self.project = f"brevity-{uuid.uuid4().hex[:8]}"
        self.ports = {name: free_port() for name in SERVICES}
        self._files = [ROOT / "docker-compose.yml", ROOT / "deploy/docker/local-servers.yml"]
        self._environ = {
            "COMPOSE_PROFILES": "core",
            "LOCAL_KAFKA": stack.kafka.bootstrap_servers,
            "LOCAL_MONGO": stack.mongo.url.get_secret_value(),
            "LOCAL_S3": stack.s3.endpoint_url or "",
            **{f"LOCAL_{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }
        assert (S3_ACCESS_KEY, S3_SECRET_KEY) == (
            "local",
            "local-development-only",
        )  # what the compose file says

    def run(self, *arguments: str) -> str:
        done = compose(["-p", self.project, *arguments], files=self._files, environ=self._environ)
        assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}\n{self._logs()}"
        return done.stdout

    def id_of(self, service: str) -> str:
        return self.run("ps", "--all", "--quiet", service).strip()

    def _logs(self) -> str:
        done = compose(["-p", self.project, "logs", "--tail", "30"], files=self._files, environ=self._environ)
        return done.stdout[-6000:]

    def url(self, service: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}{path}"


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    if not (has_compose() and can_get(PYTHON_IMAGE)):
        pytest.skip("needs a Docker engine with compose and the Python base image")
    with fresh_stack(tmp_path_factory.mktemp("containers")) as stack:
        running = Containers(stack)
        try:
            running.run("up", "--build", "--detach", "--wait", "--wait-timeout", "600", *SERVICES)
            yield running
        finally:
            running.run("down", "--timeout", "60")


def test_a_document_posted_to_a_container_comes_back_summarized(containers: Containers) -> None:
    answer = httpx.post(
        containers.url("ingest", "/v1/documents"),
        json={"text": TEXT, "summary": {"words": 20}},
        headers=KEY,
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    identity = answer.json()["document_id"]

    def summarized() -> bool:
        found = httpx.get(
            containers.url("feedback", "/v1/summaries"),
            params={"document_id": identity},
            headers=KEY,
            timeout=30,
        )
        return found.status_code == 200 and len(found.json()["items"]) == 1

    eventually("the summary is in the store", summarized, 120)


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("ingest", "/v1/documents"),
        ("feedback", "/v1/summaries"),
        ("trainer", "/v1/train"),
        ("serve", "/summarize"),
    ],
)
def test_no_door_opens_without_a_key(containers: Containers, service: str, path: str) -> None:
    answer = httpx.post(containers.url(service, path), json={}, timeout=30)
    assert answer.status_code in (401, 403), answer.text


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_nobody_and_writes_nothing(containers: Containers, service: str) -> None:
    identity = containers.id_of(service)
    assert docker("exec", identity, "id", "-u").strip() == "10001"
    looked = json.loads(docker("inspect", identity))[0]
    assert looked["HostConfig"]["ReadonlyRootfs"]
    written = docker("diff", identity).split("\n")
    assert [line for line in written if line and not line.endswith((" /tmp", " /run", " /run/secrets"))] == []


def test_an_asked_stop_ends_every_container_with_status_0(containers: Containers) -> None:
    """Last in this module: nothing runs afterwards."""
    identities = {name: containers.id_of(name) for name in SERVICES if name != "mlflow"}
    containers.run("stop", "--timeout", "60")
    statuses = {
        name: json.loads(docker("inspect", identity))[0]["State"]["ExitCode"]
        for name, identity in identities.items()
    }
    assert statuses == dict.fromkeys(identities, 0)


def test_a_document_becomes_a_summary_in_the_whole_compose_stack(tmp_path: Path) -> None:
    if not has_compose():
        pytest.skip("needs a Docker engine with compose")
    if not can_get("apache/kafka:4.1.0"):
        pytest.skip("needs a Docker engine that can pull the brokers' and stores' images")
    from testcontainers.compose import DockerCompose

    name = f"docker-{uuid.uuid4().hex[:8]}"
    with DockerCompose(ROOT, build=True, wait=True, profiles=["core", "observability"]):
        producer = Producer({"bootstrap.servers": "127.0.0.1:19092"})
        consumer = Consumer(
            {
                "bootstrap.servers": "127.0.0.1:19092",
                "group.id": name,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
            }
        )
        producer.produce(
            "documents.submitted", key=name, value=json.dumps({"text": TEXT, "summary": {"words": 20}})
        )
        assert producer.flush(60) == 0
        consumer.subscribe(["summaries.completed"])

        def arrived() -> bool:
            message = consumer.poll(1.0)
            return message is not None and message.error() is None and message.key() == name.encode()

        eventually("the summary arrives", arrived, 600)
        consumer.close()
        assert httpx.get("http://127.0.0.1:9090/-/ready", timeout=30).status_code == 200
        assert httpx.get("http://127.0.0.1:3000/api/health", timeout=30).status_code == 200
