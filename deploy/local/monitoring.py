"""Prometheus beside the local stack, where Debian's or another package of it is installed: the scrape jobs of
`deploy/prometheus`, led to this machine's ports, and the same rules."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from deploy.local.java import ROOT, LocalStackError, Server
from deploy.local.ports import Ports

CONFIGURATION = ROOT / "deploy" / "prometheus" / "prometheus.yml"


def installed() -> bool:
    return shutil.which("prometheus") is not None


def targets(ports: Ports) -> Mapping[str, int]:
    """Where each scrape job of the configuration finds its process on this machine."""
    return {
        "brevity-ingest": ports.ingest,
        "brevity-stage": ports.summarize,
        "brevity-feedback": ports.feedback,
        "brevity-trainer": ports.trainer,
        "brevity-serve": ports.ray_metrics,
    }


class PrometheusServer(Server):
    """Scrapes and evaluates every `every_seconds`."""

    name = "prometheus"

    def __init__(self, port: int, folder: Path, ports: Ports, *, every_seconds: int = 5) -> None:
        super().__init__(port, folder.resolve())
        self._targets = targets(ports)
        self._every = f"{every_seconds}s"

    def prepare(self) -> None:
        configuration = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
        configuration["global"] = {
            "scrape_interval": self._every,
            "scrape_timeout": self._every,
            "evaluation_interval": self._every,
        }
        configuration["rule_files"] = [
            str(CONFIGURATION.parent / name) for name in configuration["rule_files"]
        ]
        for job in configuration["scrape_configs"]:
            port = self._targets.get(job["job_name"])
            if port is None:
                raise LocalStackError(f"{CONFIGURATION}: nobody says where {job['job_name']} is here")
            job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), "utf-8")

    def command(self) -> Sequence[str]:
        return [
            "prometheus",
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'prometheus-data'}",
            f"--web.listen-address={self.address}",
            "--log.level=warn",
        ]

    def ready(self) -> bool:
        """It listens before it answers queries."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
