"""The platform's services as local processes."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from brevity.common.settings import S3Settings
from deploy.local.java import Server, listening
from deploy.local.ports import Ports
from deploy.local.tracking import MlflowServer

_RAY_SECONDS = 600.0
"""`serve` tries Ray's start again by itself, and ends when that is in vain."""


class Service(Server):
    """A service process: ready when its readiness address answers 200."""

    start_seconds = 120.0
    stop_seconds = 40.0

    def __init__(
        self,
        name: str,
        module: Sequence[str],
        environ: Mapping[str, str],
        port: int,
        folder: Path,
        ready_path: str,
    ) -> None:
        super().__init__(port, folder)
        self.name = name
        self._module = module
        self._environ = environ
        self._ready_path = ready_path

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", *self._module]

    def environ(self) -> Mapping[str, str]:
        return {**os.environ, **self._environ, "BREVITY_HTTP_PORT": str(self.port)}

    def ready(self) -> bool:
        return listening(self.port) and self.status() == 200

    def waits(self) -> bool:
        return listening(self.port) and self._status_of("/healthz") == 200

    def status(self) -> int:
        """The readiness address's status; 0 when nothing answers."""
        return self._status_of(self._ready_path)

    def _status_of(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def failing(self) -> list[str]:
        """Names of the checks that do not pass."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{self._ready_path}", timeout=5) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            body = error.read()
        except OSError:
            return ["no answer"]
        try:
            told = json.loads(body)
        except ValueError:
            return []
        return [*told.get("failing", []), *told.get("degraded", [])]


Own = Mapping[str, Mapping[str, str]]
"""Settings of single services, by the service's name."""


def learning(
    environ: Mapping[str, str],
    ports: Ports,
    s3: S3Settings,
    data: Path,
    logs: Path,
    own: Own = MappingProxyType({}),
) -> list[Server]:
    """What learns: the MLflow server, and the trainer, which waits for it by itself."""
    shared = {
        "BREVITY_MODE": "local",
        "BREVITY_TRAINER_MLFLOW_URL": f"http://127.0.0.1:{ports.mlflow}",
        "BREVITY_TRAINER_FEEDBACK_URL": f"http://127.0.0.1:{ports.feedback}",
        **environ,
        **own.get("trainer", {}),
    }
    return [
        MlflowServer(ports.mlflow, data / "mlflow", s3),
        Service("trainer", ["brevity.trainer"], shared, ports.trainer, logs, "/readyz"),
    ]


def services(
    environ: Mapping[str, str], ports: Ports, logs: Path, own: Own = MappingProxyType({})
) -> list[Service]:
    """Every service of the platform, in the order in which they are started."""
    shared = {
        "BREVITY_MODE": "local",
        "BREVITY_SUMMARIZE_SERVE_PORT": str(ports.serve),
        "BREVITY_SUMMARIZE_RAY_METRICS_PORT": str(ports.ray_metrics),
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
        "BREVITY_FEEDBACK_TRAINER_URL": f"http://127.0.0.1:{ports.trainer}",
        **environ,
    }
    parts = (
        ("serve", ["brevity.summarize", "serve"], ports.serve, "/-/healthz"),
        ("ingest", ["brevity.ingest"], ports.ingest, "/readyz"),
        ("stage", ["brevity.summarize", "stage"], ports.summarize, "/readyz"),
        ("feedback", ["brevity.feedback"], ports.feedback, "/readyz"),
    )
    found = [
        Service(name, module, {**shared, **own.get(name, {})}, port, logs, ready)
        for name, module, port, ready in parts
    ]
    found[0].start_seconds = _RAY_SECONDS
    return found
