"""ScaledObjects: KEDA reads its metadata as free text, so that a misspelt key or group scales nothing, in silence."""

from __future__ import annotations

from brevity.common.kafka.topics import BY_NAME
from tests.contract.k8s.checks.kafka import CONSUMERS
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import NAME, find

_KEYS = {
    "bootstrapServers",
    "consumerGroup",
    "topic",
    "lagThreshold",
    "activationLagThreshold",
    "offsetResetPolicy",
    "limitToPartitionsWithLag",
    "version",
    "tls",
}
"""Those of KEDA's Kafka scaler that are used here (pkg/scalers/kafka_scaler.go of 2.20)."""


def problems(objects: list[Object]) -> list[str]:
    found: list[str] = []
    for one in find(objects, "ScaledObject"):
        name, spec = one["metadata"]["name"], one["spec"]
        targets = find(objects, "Deployment", spec["scaleTargetRef"]["name"])
        if not targets or "replicas" in targets[0]["spec"]:
            found.append(f"{name}: its Deployment is not there or counts its own replicas")
            continue
        if find(objects, "HorizontalPodAutoscaler"):
            found.append(f"{name}: an autoscaler of its own beside KEDA's")
        app: str = targets[0]["spec"]["template"]["metadata"]["labels"][NAME]
        service = "summarize" if app == "stage" else app
        for trigger in spec["triggers"]:
            if trigger["type"] == "kafka":
                found += [f"{name}: {problem}" for problem in _kafka(trigger, service, spec)]
            elif trigger["type"] != "cpu":
                found.append(f"{name}: no scaler {trigger['type']}")
    return found


def _kafka(trigger: Object, service: str, spec: Object) -> list[str]:
    given = trigger["metadata"]
    found = [f"unknown key {key}" for key in sorted(set(given) - _KEYS)]
    found += [f"{key} is missing" for key in sorted(_KEYS - set(given))]
    found += [f"{key} is no text" for key, value in given.items() if not isinstance(value, str)]
    reads = any(
        (service, given.get("consumerGroup")) == (owner, group) and given.get("topic") in topics
        for owner, group, topics in CONSUMERS
    )
    if not reads:
        return [
            *found,
            f"{service} does not read {given.get('topic')} as {given.get('consumerGroup')}",
        ]
    if spec["maxReplicaCount"] > BY_NAME[given["topic"]].partitions:
        found.append("more replicas than partitions")
    if given.get("offsetResetPolicy") != "earliest":
        found.append("the consumers begin at the earliest record")
    return found
