"""How each pod is kept safe, sized, probed and stopped."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from brevity.ingest.handler import IngestHandler
from tests.contract.k8s.checks.references import selects
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import SETTINGS, Workload, environment, find, workloads

MEASURED_MIB = {
    "ingest": 653,
    "stage": 117,
    "feedback": 177,
    "trainer": 249,
    "mlflow": 520,
    "serve-head": 1400,
    "serve-cpu": 1070,
}
"""Largest resident memory while 400 documents went through, shared pages counted for each process (docs/kubernetes.md).
A worker of Ray is its raylet, agents, proxy, one replica, one idle process and the object store."""

_UNITS = {"Mi": 1, "Gi": 1024}
_EXTRACTORS: int = inspect.signature(IngestHandler).parameters["threads"].default


def mebibytes(quantity: str) -> float:
    match = re.fullmatch(r"(\d+)(Mi|Gi)", quantity)
    assert match, quantity
    return int(match[1]) * _UNITS[match[2]]


def problems(objects: list[Object]) -> list[str]:
    return [problem for workload in workloads(objects) for problem in _pod(workload, objects)]


def _pod(workload: Workload, objects: list[Object]) -> Iterator[str]:
    pod, container, role = workload.spec, workload.container, workload.role
    security = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    if not (
        security.get("runAsNonRoot")
        and security.get("seccompProfile") == {"type": "RuntimeDefault"}
        and security.get("allowPrivilegeEscalation") is False
        and security.get("readOnlyRootFilesystem")
        and security.get("capabilities") == {"drop": ["ALL"]}
    ):
        yield f"{role}: not confined: {security}"
    if pod.get("automountServiceAccountToken") is not workload.head:
        yield f"{role}: only the Ray head speaks to the API server"
    requests, limits = container["resources"]["requests"], container["resources"]["limits"]
    if role in MEASURED_MIB and mebibytes(requests["memory"]) < MEASURED_MIB[role]:
        yield f"{role}: asks for less memory than it was seen to use"
    if "cpu" not in requests or "memory" not in limits:
        yield f"{role}: no CPU requested, or memory without a limit"
    if limits.get("nvidia.com/gpu") != requests.get("nvidia.com/gpu"):
        yield f"{role}: GPUs requested and allowed differ"
    given = environment(workload, objects)
    yield from _children(role, given, mebibytes(limits["memory"]))
    if role == "operator":
        return  # nothing answers there: it waits for a person
    missing = {"startupProbe", "livenessProbe", "readinessProbe"} - set(container)
    if missing:
        yield f"{role}: no {sorted(missing)}"
    if workload.app in SETTINGS and workload.app != "serve":
        yield from _stop(workload, given)
    if _replicas(workload) != 1 and not any(
        selects(budget["spec"]["selector"]["matchLabels"], workload.labels)
        for budget in find(objects, "PodDisruptionBudget")
    ):
        yield f"{role}: no disruption budget"
    for constraint in pod.get("topologySpreadConstraints", []):
        if constraint.get("nodeTaintsPolicy") != "Honor":
            yield f"{role}: a drained node counts as an empty one, and draining several hangs"


def _children(role: str, given: dict[str, str], limit_mib: float) -> Iterator[str]:
    """What the process lets its children use must fit beside it."""
    for name, variable, children in (
        ("trainer", "BREVITY_TRAINER_MAX_MEMORY_BYTES", 1),
        ("ingest", "BREVITY_INGEST_EXTRACT_MEMORY_BYTES", _EXTRACTORS),
    ):
        if role == name and int(given[variable]) / 2**20 * children + MEASURED_MIB[role] > limit_mib:
            yield f"{role}: {children} x {variable} does not fit into {limit_mib:g} MiB"


def _stop(workload: Workload, given: dict[str, str]) -> Iterator[str]:
    """SIGTERM comes after preStop; then the service finishes what is in flight."""
    pause = workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    if not pause:
        yield f"{workload.role}: stops before it is out of the Services"
    finish = float(given.get("BREVITY_STAGE_GRACEFUL_STOP_SECONDS", 25))
    if workload.spec["terminationGracePeriodSeconds"] < pause + finish + 10:
        yield f"{workload.role}: is killed before it can finish"


def _replicas(workload: Workload) -> int | None:
    if workload.owner["kind"] != "RayService":
        return workload.owner["spec"].get("replicas")
    return 1 if workload.head else None
