"""The engine as a RayService runs it: a Ray node of its own, and the manifest's serveConfigV2 sent to its dashboard.

That is what the KubeRay operator does; the probes of the manifest are asked on the same node.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import urllib3
import yaml
from deploy.local.java import ROOT, free_port

from brevity.common.errors import Unavailable
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.client import ServeClient
from tests.support.topics import eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = pytest.mark.timeout(300)

TOKEN = "only-for-this-test-run"  # noqa: S105 - guards this test alone
MANIFEST = ROOT / "deploy/k8s/base/serve.yaml"


def ray_service() -> dict[str, Any]:
    documents = list(yaml.safe_load_all(MANIFEST.read_text("utf-8")))
    return next(document for document in documents if document["kind"] == "RayService")["spec"]


@dataclass(frozen=True, slots=True)
class Node:
    process: subprocess.Popen[bytes]
    ports: dict[str, int]
    """By the names of the manifest's container ports."""
    log: Path

    def get(self, port: str, path: str) -> int:
        try:
            return urllib3.request(
                "GET", f"http://127.0.0.1:{self.ports[port]}{path}", retries=False, timeout=3
            ).status
        except urllib3.exceptions.HTTPError:
            return 0


@pytest.fixture(scope="module")
def node() -> Generator[Node]:
    ports = {name: free_port() for name in ("gcs-server", "dashboard", "agent", "serve", "metrics", "client")}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")} | {
        "BREVITY_SUMMARIZE_SERVE_HOST": "0.0.0.0",  # noqa: S104 - as in the pod; only with the token
        "BREVITY_SUMMARIZE_SERVE_PORT": str(ports["serve"]),
        "BREVITY_SUMMARIZE_SERVE_TOKEN": TOKEN,
        "BREVITY_SUMMARIZE_FOLLOW_PROMOTIONS": "false",
        "RAY_USAGE_STATS_ENABLED": "0",
        # What the operator gives to every pod for `authOptions`; the probes do without.
        "RAY_AUTH_MODE": ray_service()["rayClusterConfig"]["authOptions"]["mode"],
        "RAY_AUTH_TOKEN": TOKEN,
    }
    command = [
        *(str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus", "2"),
        *("--node-ip-address", "127.0.0.1", "--dashboard-host", "127.0.0.1", "--port", str(ports["gcs-server"])),
        *("--dashboard-port", str(ports["dashboard"]), "--metrics-export-port", str(ports["metrics"])),
        *("--dashboard-agent-listen-port", str(ports["agent"]), "--ray-client-server-port", str(ports["client"])),
        *("--object-store-memory", ray_service()["rayClusterConfig"]["headGroupSpec"]["rayStartParams"]["object-store-memory"]),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:  # Ray's sockets need a short path
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*command, "--temp-dir", folder], env=environ, stdout=out, stderr=out, start_new_session=True
            )
        running = Node(process, ports, log)
        family: list[psutil.Process] = []
        try:

            def up() -> bool:
                assert process.poll() is None, log.read_text()[-3_000:]
                paths = (("dashboard", "/api/gcs_healthz"), ("agent", "/api/local_raylet_healthz"))
                return all(running.get(port, path) == 200 for port, path in paths)

            eventually("the Ray node is up", up, 120)
            yield running
        finally:
            if process.poll() is None:  # nothing in it is worth a graceful end
                family = psutil.Process(process.pid).children(recursive=True)
                process.kill()
            process.wait()
            for child in family:
                if child.is_running():
                    child.kill()


def put(node: Node, config: dict[str, Any], headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "PUT",
        f"http://127.0.0.1:{node.ports['dashboard']}/api/serve/applications/",
        body=json.dumps(config),
        headers={"content-type": "application/json", **headers},
        retries=False,
        timeout=60,
    )


def test_the_manifests_serve_config_brings_up_the_engine_and_its_probes_pass(node: Node) -> None:
    spec = ray_service()
    config = yaml.safe_load(spec["serveConfigV2"])
    assert config["http_options"]["port"] == 8012
    config["http_options"] = {"host": "127.0.0.1", "port": node.ports["serve"]}
    config["applications"][0]["deployments"][0]["autoscaling_config"]["min_replicas"] = 1

    assert put(node, config, {}).status == 401

    def taken() -> bool:
        """The operator, too, asks again: the first answer waits for Serve's controller, and may be cut short."""
        assert node.process.poll() is None, node.log.read_text()[-3_000:]
        try:
            answer = put(node, config, {"authorization": f"Bearer {TOKEN}"})
        except urllib3.exceptions.HTTPError:
            return False
        assert answer.status in (200, 503), answer.data
        return answer.status == 200

    eventually("Serve takes the configuration", taken, 120)
    client = ServeClient("127.0.0.1", node.ports["serve"], token=TOKEN, engine_seconds=30.0, connections=1)
    answers: list[Any] = []

    def answered() -> bool:
        try:
            answers[:] = client.summarize([Job(BRIDGE, "en", 30)])
        except Unavailable:
            return False
        return True

    eventually("the engine answers", answered, 120)
    [mine] = load_engine().summarize([Job(BRIDGE, "en", 30)])
    assert isinstance(mine, Summary)
    assert answers == [mine]
    refused = urllib3.request(
        "POST", f"http://127.0.0.1:{node.ports['serve']}/summarize", body=b"[]", retries=False, timeout=10
    )
    assert refused.status == 401

    probes = {
        (probe["httpGet"]["port"], probe["httpGet"]["path"])
        for template in (
            spec["rayClusterConfig"]["headGroupSpec"]["template"],
            *(group["template"] for group in spec["rayClusterConfig"]["workerGroupSpecs"]),
        )
        for container in template["spec"]["containers"]
        for name, probe in container.items()
        if name.endswith("Probe")
    }
    assert {port for port, _ in probes} == {"dashboard", "agent", "serve"}
    assert {(port, path, node.get(port, path)) for port, path in probes} == {
        (port, path, 200) for port, path in probes
    }
    assert node.get("metrics", "/metrics") == 200
    logs = node.log.parent.glob("session_latest/logs/serve/controller_*.log")
    said = "".join(log.read_text() for log in logs)
    assert "policy 'DrainPolicy' with kwargs: {'drain_seconds': 60}" in said
    assert "Traceback" not in said
