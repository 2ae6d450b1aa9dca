"""Who talks to whom, from the settings, against the network policies: what is needed is allowed at both ends, and between
pods nothing else is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from tests.contract.k8s.checks.references import selects
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import SETTINGS, Workload, environment, find, workloads

OUTSIDE = {"storage.example": "203.0.113.7", "database.example": "10.0.7.7"}
"""Where what is outside the cluster is: object storage on public addresses, databases in the network around it."""

_HOST_PORT = re.compile(r"^([a-z0-9.-]+):(\d+)$")


@dataclass(frozen=True)
class Pod:
    """An end of a flow. `labels` is None for something outside, which `role` names."""

    role: str
    labels: dict[str, str] | None = None
    ports: dict[str, int] = field(default_factory=dict[str, int])
    namespace: str = "brevity"


@dataclass(frozen=True)
class Flow:
    source: Pod
    target: Pod
    port: int

    def __str__(self) -> str:
        return f"{self.source.role} -> {self.target.role}:{self.port}"


def pods(objects: list[Object]) -> list[Pod]:
    """What runs in the namespace: our workloads, and what Strimzi makes of a Kafka."""
    found = [Pod(w.role, w.labels, w.ports()) for w in workloads(objects)]
    for kafka in find(objects, "Kafka"):
        name = kafka["metadata"]["name"]
        found += [
            Pod(
                part,
                {"strimzi.io/cluster": name, "strimzi.io/name": f"{name}-{part}"},
                {"tcp-prometheus": 9404},
            )
            for part in ("kafka", "entity-operator", "kafka-exporter")
        ]
    return found


def needed(objects: list[Object]) -> list[Flow]:
    """The flows that settings, monitors and scalers ask for."""
    there = {pod.role: pod for pod in pods(objects)}
    found: list[Flow] = []
    for workload in workloads(objects):
        if not workload.head:  # it builds the application, and hands the settings to those who use them
            source = there[workload.role]
            found += [Flow(source, pod, port) for pod, port in _targets(workload, objects, there)]
    for kind, endpoints in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        for monitor in find(objects, kind):
            found += [
                Flow(Pod("prometheus", {}, namespace="monitoring"), pod, pod.ports[endpoint["port"]])
                for pod in there.values()
                if matches(monitor["spec"]["selector"], pod.labels or {})
                for endpoint in monitor["spec"][endpoints]
            ]
    if find(objects, "ScaledObject"):
        found.append(Flow(Pod("keda", {}, namespace="keda"), there["kafka"], 9093))
    return found


def problems(objects: list[Object]) -> list[str]:
    policies = find(objects, "NetworkPolicy")
    wanted = needed(objects)
    strangers = [flow for flow in wanted if flow.target.labels is None and flow.target.role not in OUTSIDE]
    if strangers:
        return [f"{flow}: that host is neither here nor known outside" for flow in strangers]
    found = [f"{flow} is cut at its {end}" for flow in wanted for end in _cut(flow, policies)]
    asked = {str(flow) for flow in wanted}
    inside = pods(objects)
    for source in inside:
        for target in inside:
            ports = {
                *target.ports.values(),
                *(flow.port for flow in wanted if flow.target.role == target.role),
            }
            for port in sorted(ports):
                flow = Flow(source, target, port)
                own = _family(source) is not None and _family(source) == _family(target)
                if not own and str(flow) not in asked and not list(_cut(flow, policies)):
                    found.append(f"{flow} is allowed, and nothing asks for it")
    return found


def _targets(workload: Workload, objects: list[Object], there: dict[str, Pod]) -> Iterator[tuple[Pod, int]]:
    given = environment(workload, objects)
    mounted = {volume["name"] for volume in workload.spec.get("volumes", [])}
    if workload.app in SETTINGS:
        blocks = SETTINGS[workload.app].model_fields
        if "kafka-user" in mounted:
            yield from _resolved(given["BREVITY_KAFKA_BOOTSTRAP_SERVERS"], objects, there)
        if "mongo" in blocks:
            yield from _resolved(_address(given["BREVITY_MONGO_URL"], 27017), objects, there)
        if "s3" in blocks:
            yield from _resolved(_address(given.get("BREVITY_S3_ENDPOINT_URL"), 443), objects, there)
    if workload.app == "stage":
        host, port = given["BREVITY_SUMMARIZE_SERVE_HOST"], given["BREVITY_SUMMARIZE_SERVE_PORT"]
        yield from _resolved(f"{host}:{port}", objects, there)
    own = {
        "feedback": ("BREVITY_FEEDBACK_TRAINER_URL",),
        "operator": ("BREVITY_FEEDBACK_TRAINER_URL",),
        "trainer": ("BREVITY_TRAINER_FEEDBACK_URL", "BREVITY_TRAINER_MLFLOW_URL"),
        "mlflow": ("MLFLOW_BACKEND_STORE_URI",),
    }
    for name in own.get(workload.app, ()):
        yield from _resolved(_address(given[name], 0), objects, there)
    if workload.app == "mlflow":
        yield from _resolved(_address(given.get("MLFLOW_S3_ENDPOINT_URL"), 443), objects, there)


def _address(url: str | None, port: int) -> str:
    """`host:port` of an address; something outside when there is none: AWS itself."""
    parts = urlsplit(url or f"https://storage.example:{port}")
    return f"{parts.hostname}:{parts.port or port}"


def _resolved(address: str, objects: list[Object], there: dict[str, Pod]) -> Iterator[tuple[Pod, int]]:
    """The pods behind `host:port`, with the port that they listen on."""
    match = _HOST_PORT.match(address)
    assert match, address
    host, port = match[1], int(match[2])
    if host == "brevity-kafka-bootstrap":
        yield there["kafka"], port
        return
    if host.endswith("-serve-svc"):
        for role, pod in there.items():
            if role.startswith("serve-") and role != "serve-head" and port in pod.ports.values():
                yield pod, port
        return
    # `name`, or `pod.name` of a headless one; anything longer is a name of the world's.
    services = find(objects, "Service", host.rpartition(".")[2]) if host.count(".") < 2 else []
    if not services:
        yield Pod(host), port
        return
    spec = services[0]["spec"]
    [target] = [item["targetPort"] for item in spec["ports"] if item["port"] == port]
    for pod in there.values():
        if selects(spec["selector"], pod.labels or {}):
            yield pod, pod.ports[target]


def _family(pod: Pod) -> str | None:
    """Pods that one system makes of one object talk among themselves as they like."""
    labels = pod.labels or {}
    return labels.get("strimzi.io/cluster") or ("ray" if "brevity.dev/ray" in labels else None)


def _cut(flow: Flow, policies: list[Object]) -> Iterator[str]:
    if flow.source.namespace == "brevity" and not _passes(flow, "Egress", flow.source, flow.target, policies):
        yield "source"
    if flow.target.labels is not None and not _passes(flow, "Ingress", flow.target, flow.source, policies):
        yield "target"


def _passes(flow: Flow, direction: str, of: Pod, peer: Pod, policies: list[Object]) -> bool:
    mine = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"]
        and matches(policy["spec"]["podSelector"], of.labels or {})
    ]
    if not mine:
        return True
    side, ends = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    return any(
        any(_is(end, peer) for end in rule[ends])
        and ("ports" not in rule or any(_port(port, flow) for port in rule["ports"]))
        for spec in mine
        for rule in spec.get(side, [])
    )


def _port(port: Object, flow: Flow) -> bool:
    wanted = port["port"]
    number = flow.target.ports.get(wanted) if isinstance(wanted, str) else wanted
    return port["protocol"] == "TCP" and number == flow.port


def _is(end: Object, peer: Pod) -> bool:
    if "ipBlock" in end:
        block = end["ipBlock"]
        if peer.labels is not None:
            return False
        address = ip_address(OUTSIDE[peer.role])
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(part) for part in block.get("except", [])
        )
    if peer.labels is None:
        return False
    if "namespaceSelector" in end:
        space = {"kubernetes.io/metadata.name": peer.namespace}
        return matches(end["namespaceSelector"], space) and matches(end.get("podSelector", {}), peer.labels)
    return peer.namespace == "brevity" and matches(end["podSelector"], peer.labels)


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Kubernetes' own rule for a label selector, as far as it is used here."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In", expression
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return selects(selector.get("matchLabels", {}), labels)
