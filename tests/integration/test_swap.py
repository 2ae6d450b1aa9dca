"""Versions swapped under load in Ray Serve as it runs, and a replica that dies after a swap."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator
from contextlib import closing

import psutil
import pytest
from deploy.local.java import ROOT
from deploy.local.services import Service

from brevity.common.errors import Unavailable
from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize.engines.port import Job
from brevity.summarize.serving.client import ServeClient
from tests.support.models import Version, model_bytes, promote, promotion, put_version
from tests.support.samples import sample_texts
from tests.support.stack import Stack, fresh_stack
from tests.support.swapping import Served, Traffic
from tests.support.topics import eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SWAPS = 5
JOBS = [Job(text, "en", 40) for text in sample_texts() if len(text) < 4_000]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """A stack of its own: what is promoted here must not be served by the processes of other tests."""
    with fresh_stack(tmp_path_factory.mktemp("swap")) as running:
        yield running


@pytest.fixture(scope="module")
def versions(own: Stack) -> list[Version]:
    store = S3ObjectStore(own.s3)
    return [put_version(store, str(number), model_bytes(f"swap {number}")) for number in range(SWAPS + 1)]


@pytest.fixture(scope="module")
def serve(
    own: Stack, versions: list[Version], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Service]:
    promote(own.kafka, promotion(versions[0]))
    port = Stack.free_port()
    folder = tmp_path_factory.mktemp("serve")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    environ |= own.environ() | {
        "BREVITY_SUMMARIZE_SERVE_PORT": str(port),
        "BREVITY_SUMMARIZE_RAY_METRICS_PORT": "0",
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
        "BREVITY_SUMMARIZE_MODEL_CACHE": str(folder / "models"),
        "PYTHONPATH": str(ROOT),
    }
    service = Service("serve", ["brevity.summarize", "serve"], environ, port, folder, "/-/healthz")
    service.start()
    try:
        service.wait_ready()
        yield service
    finally:
        service.stop()


def client(serve: Service) -> ServeClient:
    return ServeClient("127.0.0.1", serve.port, token=None, engine_seconds=60, connections=2)


def version_now(serve: Service) -> str | None:
    try:
        [answer] = client(serve).summarize(JOBS[:1])
    except Unavailable:
        return None
    return getattr(answer, "model_version", None)


def test_no_request_fails_while_versions_are_swapped_under_load(
    own: Stack, serve: Service, versions: list[Version]
) -> None:
    eventually("the promoted version answers", lambda: version_now(serve) == versions[0].model_version, 120)
    with closing(Served(own.kafka)) as served, Traffic(lambda: client(serve), JOBS) as traffic:
        for old, new in itertools.pairwise(versions):
            event = promote(own.kafka, promotion(new, old))
            report = served.wait(event.promotion_id, "in_service")
            assert report.model_version == new.model_version
        before = len(traffic.calls)
        eventually("requests go on", lambda: len(traffic.calls) > before + 4, 60)
    assert traffic.problems() == []
    assert traffic.versions() <= {version.model_version for version in versions}
    assert all(len(call.versions) == 1 for call in traffic.calls), "one batch is one version's"
    assert version_now(serve) == versions[-1].model_version


def test_a_replica_that_dies_comes_back_with_the_version_in_service(
    own: Stack, serve: Service, versions: list[Version]
) -> None:
    eventually("the last version answers", lambda: version_now(serve) is not None, 120)
    serving_now = version_now(serve)
    [victim] = [
        process
        for process in psutil.Process().children(recursive=True)
        if any("ServeReplica" in part for part in process.cmdline())
    ]
    victim.kill()
    victim.wait(10)
    seen: set[str] = set()

    def back() -> bool:
        version = version_now(serve)
        if version is not None:
            seen.add(version)
        return version is not None

    eventually("it answers again", back, 120)
    assert seen == {serving_now}
