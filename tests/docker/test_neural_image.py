"""The neural image as it runs: read-only, as nobody, a model mounted, its replica answering through Ray Serve."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deploy.local.java import free_port

from brevity.common.errors import Unavailable
from brevity.common.settings import load_settings
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.client import ServeClient
from brevity.summarize.settings import SummarizeSettings
from tests.docker.engine import docker, has_image
from tests.support.samples import sample_texts
from tests.support.topics import eventually

IMAGE = "brevity/neural:local"
TOKEN = "of-this-test-0123456789"  # noqa: S105 - guards a container of one minute

pytestmark = [pytest.mark.docker, pytest.mark.timeout(420)]


@dataclass(frozen=True, slots=True)
class Container:
    """The image's own command, hardened as docker-compose.yml has it."""

    identity: str
    client: ServeClient
    model: Path

    def state(self) -> dict[str, Any]:
        return json.loads(docker("inspect", self.identity))[0]["State"]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    if not has_image(IMAGE):
        pytest.skip(f"needs a Docker engine that has {IMAGE} (COMPOSE_PROFILES=gpu docker compose build)")
    from tests.support.tiny_seq2seq import tiny_seq2seq

    model = tiny_seq2seq("bart", tmp_path_factory.mktemp("models") / "tiny")
    model.chmod(0o755)
    for path in model.iterdir():
        path.chmod(0o644)  # the container's user is not ours
    port = free_port()
    environ = {
        "BREVITY_MODE": "production",
        "BREVITY_SUMMARIZE_SERVE_HOST": "0.0.0.0",  # noqa: S104 - inside; published on loopback
        "BREVITY_SUMMARIZE_SERVE_TOKEN": TOKEN,
        "BREVITY_SUMMARIZE_ENGINE": "seq2seq:/models/tiny",
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
        "BREVITY_SUMMARIZE_FOLLOW_PROMOTIONS": "false",
        "BREVITY_MODEL_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
    }
    identity = docker(
        *("run", "--detach", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--tmpfs", "/tmp:size=2g,mode=1777", "--shm-size", "512m"),  # noqa: S108
        *("--publish", f"127.0.0.1:{port}:8012", "--volume", f"{model}:/models/tiny:ro"),
        *(option for name, value in environ.items() for option in ("--env", f"{name}={value}")),
        IMAGE,
    ).strip()
    client = ServeClient("127.0.0.1", port, token=TOKEN, engine_seconds=60.0, connections=2)
    try:
        yield Container(identity, client, model)
    finally:
        docker("rm", "--force", "--volumes", identity)


def test_a_mounted_model_writes_there_what_it_writes_here(container: Container) -> None:
    job = Job(sample_texts()[0], "en", 20)
    there: list[Summary] = []
    said: list[str] = []

    def answered() -> bool:
        assert container.state()["Running"], _logs(container)
        try:
            [answer] = container.client.summarize([job])
        except Unavailable as error:
            said.append(error.message)
            return False
        assert isinstance(answer, Summary), answer
        there.append(answer)
        return True

    try:
        eventually("the replica answers", answered, 300)
    except AssertionError as error:
        raise AssertionError(f"{error}; last: {said[-1:]}; {_logs(container)}") from None
    settings = load_settings(SummarizeSettings, {"BREVITY_MODEL_DEVICE": "cpu"})
    [here] = load_engine(f"seq2seq:{container.model}", settings).summarize([job])
    assert isinstance(here, Summary)
    assert (there[0].text, there[0].engine, there[0].model_version) == (
        here.text,
        "seq2seq",
        here.model_version,
    )
    assert here.text
    assert not here.passed_through


def test_it_ran_as_nobody_and_wrote_nothing(container: Container) -> None:
    assert docker("exec", container.identity, "id", "-u").strip() == "10001"
    written = docker("diff", container.identity).splitlines()
    assert [
        line for line in written if not line.endswith((" /tmp", " /run", " /models", " /models/tiny"))
    ] == []


def test_an_asked_stop_ends_it_with_status_0(container: Container) -> None:
    """Last in this module: nothing runs afterwards."""
    docker("stop", "--time", "60", container.identity)
    assert container.state()["ExitCode"] == 0, _logs(container)


def _logs(container: Container) -> str:
    return docker("logs", "--tail", "40", container.identity)[-4_000:]
