"""Every variable is one that the process knows, and the process would start with them."""

from __future__ import annotations

from collections.abc import Iterator

from brevity.common.errors import Fatal
from brevity.common.http.server import USUAL_PORTS
from brevity.common.settings import PREFIX, Block, Settings, load_settings
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import SETTINGS, environment, workloads

_SERVICES = {"stage": "summarize"}
PROBES = frozenset({"/healthz", "/readyz"})


def variables(cls: type[Block] | type[Settings], prefix: str = PREFIX) -> Iterator[str]:
    for name, field in cls.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Block):
            yield from variables(kind, f"{prefix}{name.upper()}_")
        else:
            yield f"{prefix}{name.upper()}"


def problems(objects: list[Object]) -> list[str]:
    found: list[str] = []
    for workload in workloads(objects):
        if workload.app not in SETTINGS:
            continue
        cls = SETTINGS[workload.app]
        given = {k: v for k, v in environment(workload, objects).items() if k.startswith(PREFIX)}
        unknown = sorted(set(given) - set(variables(cls)))
        found += [f"{workload.role}: {cls.__name__} has no {name}" for name in unknown]
        try:
            load_settings(cls, given)
        except Fatal as error:
            found.append(f"{workload.role}: {error.message}")
    return found


def door_problems(objects: list[Object], paths: frozenset[str]) -> list[str]:
    """Ports and probes of the services' HTTP doors, against the application's own `paths`."""
    found: list[str] = []
    for workload in workloads(objects):
        service = _SERVICES.get(workload.app, workload.app)
        if service not in USUAL_PORTS:
            continue
        given = environment(workload, objects)
        port = int(given.get("BREVITY_HTTP_PORT", USUAL_PORTS[service]))
        if workload.ports() != {"http": port}:
            found.append(f"{workload.role}: the door is on {port}, not on {workload.ports()}")
        probes = {key: value["httpGet"] for key, value in workload.container.items() if key.endswith("Probe")}
        wanted = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        if {key: probe["path"] for key, probe in probes.items()} != wanted or not set(
            wanted.values()
        ) <= paths:
            found.append(f"{workload.role}: the probes ask {probes}, not {wanted} of {sorted(paths)}")
    return found
