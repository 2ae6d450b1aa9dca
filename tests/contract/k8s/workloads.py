"""What the objects would run: pods, their environment and the settings class that reads it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brevity.common.settings import Settings
from brevity.feedback.settings import FeedbackSettings
from brevity.ingest.settings import IngestSettings
from brevity.summarize.settings import SummarizeSettings
from brevity.trainer.settings import TrainerSettings
from tests.contract.k8s.rendering import Object

SETTINGS: dict[str, type[Settings]] = {
    "ingest": IngestSettings,
    "stage": SummarizeSettings,
    "serve": SummarizeSettings,
    "feedback": FeedbackSettings,
    "trainer": TrainerSettings,
    "operator": FeedbackSettings,
}
"""Whose settings a pod's environment is, by its `app.kubernetes.io/name`."""

NAME = "app.kubernetes.io/name"


@dataclass(frozen=True)
class Workload:
    """One pod template. `owner` is the object it is part of."""

    owner: Object
    role: str
    """`app.kubernetes.io/name`; Ray's pods add head or worker and their group."""
    labels: dict[str, str]
    spec: Object

    @property
    def app(self) -> str:
        return self.labels[NAME]

    @property
    def head(self) -> bool:
        return self.labels.get("brevity.dev/ray") == "head"

    @property
    def container(self) -> Object:
        return self.spec["containers"][0]

    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}


def workloads(objects: list[Object]) -> list[Workload]:
    return [workload for one in objects for workload in _of(one)]


def _of(one: Object) -> Iterator[Workload]:
    if one["kind"] in ("Deployment", "StatefulSet"):
        template = one["spec"]["template"]
        labels = template["metadata"]["labels"]
        yield Workload(one, labels[NAME], labels, template["spec"])
    if one["kind"] == "RayService":
        cluster = one["spec"]["rayClusterConfig"]
        groups = [("head", cluster["headGroupSpec"])]
        groups += [(group["groupName"], group) for group in cluster["workerGroupSpecs"]]
        for group, spec in groups:
            labels = spec["template"]["metadata"]["labels"]
            yield Workload(one, f"{labels[NAME]}-{group}", labels, spec["template"]["spec"])


def find(objects: list[Object], kind: str, name: str | None = None) -> list[Object]:
    return [one for one in objects if one["kind"] == kind and name in (None, one["metadata"]["name"])]


def environment(workload: Workload, objects: list[Object]) -> dict[str, str]:
    """The container's variables. A value from a secret that is not among `objects` stands as `STAND_INS` has it."""
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in find(objects, "ConfigMap")}
    found: dict[str, str] = {}
    for source in workload.container.get("envFrom", []):
        found |= maps.get(source["configMapRef"]["name"], {})
    for item in workload.container.get("env", []):
        found[item["name"]] = (
            item["value"] if "value" in item else _referred(item["valueFrom"], objects, maps)
        )
    return found


STAND_INS = {
    "brevity-mongo": "mongodb://database.example:27017/?replicaSet=rs0",
    "brevity-mlflow": "postgresql+pg8000://mlflow:stand-in@database.example:5432/mlflow",
    "brevity-serve-token": "a-stand-in-of-sixteen",
    "brevity-trainer-key": "a-stand-in",
}
"""For secrets from a secret manager: the same kind of value, so that what reads it can be asked."""


def _referred(source: dict[str, Any], objects: list[Object], maps: dict[str, dict[str, str]]) -> str:
    if "configMapKeyRef" in source:
        return maps[source["configMapKeyRef"]["name"]][source["configMapKeyRef"]["key"]]
    wanted = source["secretKeyRef"]
    for secret in find(objects, "Secret", wanted["name"]):
        return base64.b64decode(secret["data"][wanted["key"]]).decode()
    return STAND_INS[wanted["name"]]
