"""Names that must lead somewhere: ports, ConfigMaps, secrets, accounts, volumes, selectors."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import Workload, find, workloads


def problems(objects: list[Object]) -> list[str]:
    found = [problem for workload in workloads(objects) for problem in _pod(workload, objects)]
    for service in find(objects, "Service"):
        behind = [w for w in workloads(objects) if selects(service["spec"]["selector"], w.labels)]
        name = service["metadata"]["name"]
        if not behind:
            found.append(f"Service/{name} selects nothing")
        found += [
            f"Service/{name}: {w.role} has no port {port['targetPort']}"
            for w in behind
            for port in service["spec"]["ports"]
            if port["targetPort"] not in w.ports()
        ]
    for ingress in find(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                services = find(objects, "Service", backend["name"])
                ports = [port["name"] for service in services for port in service["spec"]["ports"]]
                if backend["port"]["name"] not in ports:
                    found.append(f"Ingress/{ingress['metadata']['name']}: no {backend}")
    for kind in ("PodDisruptionBudget",):
        found += [
            f"{kind}/{one['metadata']['name']} selects nothing"
            for one in find(objects, kind)
            if not any(selects(one["spec"]["selector"]["matchLabels"], w.labels) for w in workloads(objects))
        ]
    return found


def secrets(objects: list[Object]) -> dict[str, set[str]]:
    """The keys of every secret there will be, by its name: given, fetched, or made by Strimzi."""
    there = {one["metadata"]["name"]: set(one["data"]) for one in find(objects, "Secret")}
    for one in find(objects, "ExternalSecret"):
        there[one["spec"]["target"]["name"]] = {item["secretKey"] for item in one["spec"]["data"]}
    for one in find(objects, "KafkaUser"):
        there[one["metadata"]["name"]] = {"user.crt", "user.key", "ca.crt"}
    for one in find(objects, "Kafka"):
        there[f"{one['metadata']['name']}-cluster-ca-cert"] = {"ca.crt"}
    return there


def selects(labels: dict[str, str], of: dict[str, str]) -> bool:
    return all(of.get(key) == value for key, value in labels.items())


def _pod(workload: Workload, objects: list[Object]) -> Iterator[str]:
    keys = secrets(objects)
    maps = {one["metadata"]["name"]: set(one.get("data", {})) for one in find(objects, "ConfigMap")}
    container = workload.container
    for key, probe in container.items():
        if key.endswith("Probe"):
            for how in ("httpGet", "tcpSocket"):
                if how in probe and probe[how]["port"] not in workload.ports():
                    yield f"{workload.role}: {key} asks the port {probe[how]['port']}, which is not there"
    for source in container.get("envFrom", []):
        if source["configMapRef"]["name"] not in maps:
            yield f"{workload.role}: no ConfigMap {source['configMapRef']['name']}"
    for item in container.get("env", []):
        for kind, there in (("secretKeyRef", keys), ("configMapKeyRef", maps)):
            wanted = item.get("valueFrom", {}).get(kind)
            if wanted and wanted["key"] not in there.get(wanted["name"], set()):
                yield f"{workload.role}: {item['name']} wants {wanted['key']} of {wanted['name']}, which is not there"
    volumes = {volume["name"]: volume for volume in workload.spec.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"{workload.role}: no volume {mount['name']}"
    for volume in volumes.values():
        if "secret" in volume:
            wanted = {item["key"] for item in volume["secret"]["items"]}
            if not wanted <= keys.get(volume["secret"]["secretName"], set()):
                yield f"{workload.role}: no {sorted(wanted)} in the secret {volume['secret']['secretName']}"
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and not find(objects, "PersistentVolumeClaim", claim):
            yield f"{workload.role}: no claim {claim}"
    account = workload.spec.get("serviceAccountName")
    if account and not find(objects, "ServiceAccount", account):
        yield f"{workload.role}: no account {account}"
