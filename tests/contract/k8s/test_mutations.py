"""The checks can fail: one fault at a time is put into sound manifests, and each is found by the check that it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.k8s.checks import flows, kafka, pods, references, scaling, serving, settings
from tests.contract.k8s.rendering import Object, rendered
from tests.contract.k8s.schemas import built_in_problems, crds, custom_problems
from tests.contract.k8s.test_overlays import door_paths
from tests.contract.k8s.workloads import find


@dataclass(frozen=True)
class Fault:
    """`change` is done to the object; `check` must then say something with `words` in it."""

    kind: str
    name: str
    change: Callable[[Any], object]
    check: Callable[[list[Object]], list[str]]
    words: str
    overlay: str = "production"


def doors(objects: list[Object]) -> list[str]:
    return settings.door_problems(objects, door_paths())


def custom(objects: list[Object]) -> list[str]:
    return custom_problems(objects, crds())


def pod(one: Object) -> Any:
    return one["spec"]["template"]["spec"]


def container(one: Object) -> Any:
    return pod(one)["containers"][0]


def worker(one: Object) -> Any:
    return one["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]


def serve_config(old: str, new: str) -> Callable[[Object], object]:
    def change(one: Object) -> None:
        assert old in one["spec"]["serveConfigV2"]
        one["spec"]["serveConfigV2"] = one["spec"]["serveConfigV2"].replace(old, new)

    return change


def trigger(one: Object) -> Any:
    return one["spec"]["triggers"][0]["metadata"]


def user_topic(one: Object, topic: str) -> Any:
    acls = one["spec"]["authorization"]["acls"]
    return next(acl for acl in acls if acl["resource"]["name"] == topic)


def widened(objects: list[Object]) -> list[str]:
    """The other end opened too: one end alone lets nothing through."""
    [policy] = find(objects, "NetworkPolicy", "feedback")
    policy["spec"]["egress"].append({"to": [{"podSelector": {}}]})
    return flows.problems(objects)


FAULTS = [
    # schemas
    Fault("Deployment", "ingest", lambda o: pod(o).update(hostNetworks=True), built_in_problems, "hostNetworks"),
    Fault("Service", "ingest", lambda o: o["spec"]["ports"][0].update(port="8001"), built_in_problems, "integer"),
    Fault("Kafka", "brevity", lambda o: o["spec"].update(zookeeper={}), custom, "zookeeper"),
    Fault("KafkaTopic", "drift.detected", lambda o: o["spec"].update(partitions=0), custom, "minimum"),
    Fault("RayService", "summarize", lambda o: o["spec"].update(upgradeStrategies={}), custom, "upgradeStrategies"),
    Fault("ExternalSecret", "brevity-mongo", lambda o: o.update(apiVersion="external-secrets.io/v1beta1"), custom, "nothing defines"),
    Fault("PrometheusRule", "brevity", lambda o: o["spec"]["groups"][0].update(interval="10 minutes"), custom, "10 minutes"),
    # settings and doors
    Fault("ConfigMap", "ingest", lambda o: o["data"].update(BREVITY_INGEST_MAX_BITES="1"), settings.problems, "MAX_BITES"),
    Fault("ConfigMap", "trainer", lambda o: o["data"].update(BREVITY_TRAINER_MAX_MEMORY_BYTES="much"), settings.problems, "MAX_MEMORY"),
    Fault("ConfigMap", "shared", lambda o: o["data"].update(BREVITY_HTTP_PORT="9000"), doors, "9000"),
    Fault("Deployment", "feedback", lambda o: container(o)["livenessProbe"]["httpGet"].update(path="/health"), doors, "/health"),
    # names
    Fault("Deployment", "stage", lambda o: container(o)["readinessProbe"]["httpGet"].update(port="web"), references.problems, "web"),
    Fault("Service", "trainer", lambda o: o["spec"]["ports"][0].update(targetPort="web"), references.problems, "web"),
    Fault("Service", "mlflow", lambda o: o["spec"].update(selector={"app.kubernetes.io/name": "ml"}), references.problems, "selects nothing"),
    Fault("ExternalSecret", "brevity-mongo", lambda o: o["spec"]["data"][0].update(secretKey="uri"), references.problems, "brevity-mongo"),
    Fault("KafkaUser", "trainer", lambda o: o["metadata"].update(name="train"), references.problems, "in the secret trainer"),
    Fault("ServiceAccount", "summarize", lambda o: o["metadata"].update(name="engine"), references.problems, "no account summarize"),
    # pods
    Fault("Deployment", "ingest", lambda o: container(o).pop("securityContext"), pods.problems, "not confined"),
    Fault("Deployment", "trainer", lambda o: container(o)["resources"]["limits"].update(memory="2Gi"), pods.problems, "does not fit"),
    Fault("Deployment", "feedback", lambda o: container(o)["resources"]["requests"].update(memory="128Mi"), pods.problems, "less memory"),
    Fault("Deployment", "stage", lambda o: pod(o).update(terminationGracePeriodSeconds=20), pods.problems, "is killed before"),
    Fault("Deployment", "stage", lambda o: container(o).pop("lifecycle"), pods.problems, "out of the Services"),
    Fault("Deployment", "ingest", lambda o: pod(o)["topologySpreadConstraints"][1].pop("nodeTaintsPolicy"), pods.problems, "hangs"),
    Fault("PodDisruptionBudget", "serve", lambda o: o["spec"]["selector"]["matchLabels"].update(other="x"), pods.problems, "no disruption budget"),
    # topics and rights
    Fault("KafkaTopic", "training.status", lambda o: o["spec"]["config"].update({"cleanup.policy": "delete"}), kafka.topic_problems, "training.status"),
    Fault("KafkaTopic", "summaries.completed", lambda o: o["spec"].update(partitions=4), kafka.topic_problems, "summaries.completed"),
    Fault("KafkaTopic", "models.served", lambda o: o["spec"].update(replicas=5), kafka.topic_problems, "5 replicas on 3"),
    Fault("KafkaUser", "ingest", lambda o: user_topic(o, "documents.accepted").update(operations=["Describe", "Write"]), kafka.right_problems, "brevity.ingest.view"),
    Fault("KafkaUser", "trainer", lambda o: user_topic(o, "drift.detected").update(operations=["Describe", "Read", "Write"]), kafka.right_problems, "other rights"),
    Fault("KafkaUser", "summarize", lambda o: user_topic(o, "brevity.summarize.").update(operations=["Describe"]), kafka.right_problems, "transactions"),
    Fault("KafkaUser", "keda", lambda o: user_topic(o, "brevity.ingest").update(operations=[]), kafka.right_problems, "keda"),
    # scaling
    Fault("ScaledObject", "stage", lambda o: trigger(o).update(lagTreshold=trigger(o).pop("lagThreshold")), scaling.problems, "lagTreshold"),
    Fault("ScaledObject", "stage", lambda o: trigger(o).update(consumerGroup="summarize"), scaling.problems, "does not read"),
    Fault("ScaledObject", "ingest", lambda o: o["spec"].update(maxReplicaCount=12), scaling.problems, "more replicas"),
    Fault("Deployment", "stage", lambda o: o["spec"].update(replicas=2), scaling.problems, "counts its own"),
    # flows
    Fault("NetworkPolicy", "stage", lambda o: o["spec"]["egress"][0]["ports"][0].update(port=8000), flows.problems, "stage -> serve-cpu:8012 is cut at its source"),
    Fault("NetworkPolicy", "serve", lambda o: o["spec"]["ingress"].clear(), flows.problems, "stage -> serve-cpu:8012 is cut at its target"),
    Fault("NetworkPolicy", "trainer", lambda o: o["spec"]["egress"].clear(), flows.problems, "trainer -> mlflow:8005 is cut"),
    Fault("NetworkPolicy", "ray-metrics", lambda o: o["spec"]["ingress"].clear(), flows.problems, "prometheus -> serve-head:8080"),
    Fault("NetworkPolicy", "kafka", lambda o: o["spec"]["ingress"][0]["from"].pop(), flows.problems, "keda -> kafka:9093"),
    Fault("NetworkPolicy", "to-s3", lambda o: o["spec"]["podSelector"]["matchExpressions"][0]["values"].remove("mlflow"), flows.problems, "mlflow -> storage"),
    Fault("NetworkPolicy", "to-mongo", lambda o: o["spec"]["egress"][0]["to"][0]["ipBlock"].update(cidr="192.168.0.0/16"), flows.problems, "database.example:27017"),
    Fault("NetworkPolicy", "mlflow", lambda o: o["spec"]["ingress"].append({"from": [{"podSelector": {}}]}), widened, "nothing asks for it"),
    Fault("ConfigMap", "trainer", lambda o: o["data"].update(BREVITY_TRAINER_FEEDBACK_URL="http://feedback.elsewhere.example:80"), flows.problems, "neither here nor known"),
    # the engine
    Fault("RayService", "summarize", serve_config("upscale_delay_s: 10", "upscale_delay: 10"), serving.problems, "upscale_delay"),
    Fault("RayService", "summarize", serve_config("policy_function", "policy_class"), serving.problems, "policy_class"),
    Fault("RayService", "summarize", serve_config("serving.policy:", "serving.policies:"), serving.problems, "serving.policies"),
    Fault("RayService", "summarize", serve_config("drain_seconds", "drain"), serving.problems, "drain"),
    Fault("RayService", "summarize", serve_config("drain_seconds: 60", "drain_seconds: 0"), serving.problems, "must be above 0"),
    Fault("RayService", "summarize", serve_config("kube:app", "kube:application"), serving.problems, "nothing to import"),
    Fault("RayService", "summarize", serve_config("name: engine", "name: motor"), serving.problems, "motor"),
    Fault("RayService", "summarize", serve_config("port: 8012", "port: 8000"), serving.problems, "not the same everywhere"),
    Fault("RayService", "summarize", serve_config("max_replicas: 8", "max_replicas: 9"), serving.problems, "room for 8"),
    Fault("RayService", "summarize", serve_config("min_replicas: 2", "min_replicas: 20"), serving.problems, "min_replicas"),
    Fault("RayService", "summarize", lambda o: o["spec"]["upgradeStrategy"].update(type="BlueGreen"), serving.problems, "BlueGreen"),
    Fault("RayService", "summarize", lambda o: worker(o).update(minReplicas=9), serving.problems, "do not rise"),
    Fault("RayService", "summarize", lambda o: o["spec"]["rayClusterConfig"].update(rayVersion="2.9.0"), serving.problems, "rayVersion"),
    Fault("RayService", "summarize", lambda o: o["spec"].update(rayClusterDeletionDelaySeconds=60), serving.problems, "old cluster"),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.name}-{fault.words}")
def test_a_fault_is_found(fault: Fault) -> None:
    objects = rendered(fault.overlay)
    found = [one for one in find(objects, fault.kind) if _stem(one) == fault.name]
    assert len(found) == 1, found
    fault.change(found[0])
    assert any(fault.words in problem for problem in fault.check(objects)), fault.check(objects)


def _stem(one: Object) -> str:
    """The name without the hash that kustomize gives to what it generates."""
    name: str = one["metadata"]["name"]
    return name.rpartition("-")[0] if one["kind"] == "ConfigMap" else name
