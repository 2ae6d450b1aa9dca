"""What the compose file and the Dockerfile say, checked everywhere; running them is test_containers.py's."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from brevity.common.settings import load_settings
from brevity.feedback.settings import FeedbackSettings
from brevity.ingest.settings import IngestSettings
from brevity.summarize.settings import SummarizeSettings
from brevity.trainer.settings import TrainerSettings
from tests.docker.engine import ROOT, compose, has_compose

OWN = {"topics", "ingest", "serve", "serve-gpu", "stage", "feedback", "mlflow", "trainer", "tour"}
SETTINGS = {
    "ingest": IngestSettings,
    "serve": SummarizeSettings,
    "serve-gpu": SummarizeSettings,
    "stage": SummarizeSettings,
    "feedback": FeedbackSettings,
    "trainer": TrainerSettings,
}
LOCAL_SERVERS = ROOT / "deploy/docker/local-servers.yml"
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text()


@pytest.fixture
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def test_every_port_is_bound_to_loopback(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_one_that_the_service_knows(services: dict[str, Any], name: str) -> None:
    environ = {k: str(v) for k, v in services[name]["environment"].items() if k.startswith("BREVITY_")}
    environ = {key: _default(value) for key, value in environ.items()}
    loaded = load_settings(SETTINGS[name], environ)
    assert loaded.model_dump()["mode"] == "production"


def test_every_image_is_pinned_to_a_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        tag = service["image"].partition(":")[2]
        assert tag, name
        assert tag == "local" if name in OWN else re.match(r"v?\d", tag), name


def test_our_containers_can_change_nothing_but_their_temporary_files(services: dict[str, Any]) -> None:
    for name in OWN:
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert any(mount.startswith("/tmp:size=") for mount in service["tmpfs"]), name  # noqa: S108


def test_every_service_is_in_a_profile_and_every_target_exists(services: dict[str, Any]) -> None:
    targets = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    for name, service in services.items():
        assert set(service["profiles"]) <= {"core", "gpu", "observability"}, name
        if name in OWN:
            assert service["build"]["target"] in targets, name


def test_the_service_of_a_profile_waits_only_for_services_of_it(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for needed in service.get("depends_on", ()):
            assert set(service["profiles"]) <= set(services[needed]["profiles"]), (name, needed)


def test_no_image_runs_as_root_and_none_names_a_package_index() -> None:
    finals = re.findall(
        r"^FROM (\S+) AS (ingest|feedback|trainer|mlflow|summarize|neural)$", DOCKERFILE, re.M
    )
    assert len(finals) == 6
    assert {base for base, _ in finals} == {"runtime"}
    assert re.search(r"^FROM \S+ AS runtime$.*?^USER 10001$", DOCKERFILE, re.M | re.S)
    assert "USER root" not in DOCKERFILE
    assert "://" not in DOCKERFILE.replace("http://127.0.0.1", "")


@pytest.mark.skipif(not has_compose(), reason="needs docker compose (DOCKER_COMPOSE names it)")
@pytest.mark.parametrize("profile", ["core", "gpu", "observability"])
def test_compose_itself_accepts_the_files(profile: str) -> None:
    plain = compose(["--profile", profile, "config", "--quiet"])
    assert plain.returncode == 0, plain.stderr
    environ = {
        "LOCAL_KAFKA": "127.0.0.1:9092",
        "LOCAL_MONGO": "mongodb://127.0.0.1",
        "LOCAL_S3": "http://127.0.0.1",
    }
    laid_over = compose(
        ["--profile", profile, "config", "--quiet"],
        files=[ROOT / "docker-compose.yml", LOCAL_SERVERS],
        environ=environ,
    )
    assert laid_over.returncode == 0, laid_over.stderr


def _default(value: str) -> str:
    """What compose puts in place of `${NAME:-default}` when the variable is not set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
