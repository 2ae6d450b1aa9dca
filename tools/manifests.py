"""The Kubernetes manifests that say what the code says already: topics, Kafka users, alert rules, dashboards.

`python -m tools.generate` writes them with the other generated files. Everything else under deploy/k8s is written by
hand and checked against the code by tests/contract/k8s.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from brevity.common.kafka.topics import INGEST_GROUP, SUMMARIZE_GROUP, TOPICS, retry_topic

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = "brevity"
NAMESPACE = "brevity"
REPLICAS = 3

GROUPS: dict[str, tuple[str, ...]] = {
    "ingest": (INGEST_GROUP, "brevity.ingest.view"),
    "summarize": (SUMMARIZE_GROUP,),
    "feedback": ("brevity.feedback", "brevity.feedback.ledger"),
    "trainer": ("brevity.trainer", "brevity.trainer.ratings"),
}
"""The consumer groups of each service."""

UNJOINED: dict[str, tuple[str, ...]] = {
    "summarize": ("brevity.promotions.",),
    "feedback": ("brevity.feedback.drift.",),
    "operator": ("brevity.reader.", "brevity.submit."),
}
"""Prefixes of the group names that clients give who place themselves: no group is joined, but the client looks for it."""

TRANSACTIONAL: dict[str, str] = {"ingest": INGEST_GROUP, "summarize": SUMMARIZE_GROUP}
"""The services that write in transactions, and what their transactional ids begin with."""

OPERATOR_WRITES = (
    "documents.submitted",
    retry_topic(INGEST_GROUP),
    retry_topic(SUMMARIZE_GROUP),
    "feedback.recorded",
    "documents.erased",
)
"""What the commands write that a person runs: submissions, replays, and the erasures and tombstones of `brevity forget`."""

_HEAD = "# Written by `make docs`; the source is {source}.\n"


def generated(root: Path = ROOT) -> dict[str, str]:
    """Every generated manifest, by its path from the repository's root."""
    kafka = "deploy/k8s/components/kafka"
    return {
        f"{kafka}/topics.yaml": _documents(topics(), "brevity.common.kafka.topics"),
        f"{kafka}/users.yaml": _documents(users(), "brevity.common.kafka.topics and tools/manifests.py"),
        "deploy/k8s/components/monitoring/rules.yaml": _documents(
            rules(root / "deploy/prometheus"), "deploy/prometheus/*.rules.yml"
        ),
        "deploy/grafana/kustomization.yaml": _documents(
            [dashboards(root / "deploy/grafana/dashboards")], "the folder dashboards"
        ),
    }


def topics() -> list[dict[str, Any]]:
    """A KafkaTopic for each declared topic, with its partitions and its configuration."""
    return [
        _kafka(
            "KafkaTopic",
            topic.name,
            {"partitions": topic.partitions, "replicas": REPLICAS, "config": topic.config()},
        )
        for topic in TOPICS
    ]


def users() -> list[dict[str, Any]]:
    """A KafkaUser for each service, one for people's commands, and one that reads lags."""
    services = {
        service: [
            *(_topic(topic.name, *_operations(topic.readers, topic.writers, service)) for topic in TOPICS),
            *(_group(name, "literal", "Describe", "Read") for name in GROUPS[service]),
            *(_group(prefix, "prefix", "Describe", "Read") for prefix in UNJOINED.get(service, ())),
            *(_transactions(prefix) for name, prefix in TRANSACTIONAL.items() if name == service),
        ]
        for service in GROUPS
    }
    operator = [
        *(
            _topic(t.name, "Describe", "Read", *(["Write"] if t.name in OPERATOR_WRITES else []))
            for t in TOPICS
        ),
        *(_group(prefix, "prefix", "Describe", "Read") for prefix in UNJOINED["operator"]),
    ]
    lag = [
        *(_topic(t.name, "Describe") for t in TOPICS),
        *(_group(name, "literal", "Describe") for names in GROUPS.values() for name in names),
    ]
    return [
        _kafka("KafkaUser", name, _rights(acls))
        for name, acls in {**services, "operator": operator, "keda": lag}.items()
    ]


def rules(folder: Path) -> list[dict[str, Any]]:
    """One PrometheusRule with the groups of every rules file."""
    groups = [
        group
        for path in sorted(folder.glob("*.rules.yml"))
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    ]
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "brevity", "namespace": NAMESPACE},
            "spec": {"groups": groups},
        }
    ]


def dashboards(folder: Path) -> dict[str, Any]:
    """A kustomization with a ConfigMap for each dashboard, as Grafana's sidecar looks for them."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAMESPACE,
        "generatorOptions": {"disableNameSuffixHash": True, "labels": {"grafana_dashboard": "1"}},
        "configMapGenerator": [
            {"name": f"dashboard-{path.stem}", "files": [f"dashboards/{path.name}"]}
            for path in sorted(folder.glob("*.json"))
        ],
    }


def stale(root: Path = ROOT) -> list[str]:
    """Paths of generated manifests that are missing or differ."""
    return [
        name
        for name, text in generated(root).items()
        if not (root / name).is_file() or (root / name).read_text("utf-8") != text
    ]


def write(root: Path = ROOT) -> None:
    """Bring the generated manifests up to date."""
    wanted = generated(root)
    for name in stale(root):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(wanted[name], "utf-8")


def _operations(readers: tuple[str, ...], writers: tuple[str, ...], service: str) -> list[str]:
    reads, writes = service in readers, service in writers
    return [
        *(["Describe"] if reads or writes else []),
        *(["Read"] if reads else []),
        *(["Write"] if writes else []),
    ]


def _topic(name: str, *operations: str) -> dict[str, Any]:
    return _acl("topic", name, "literal", *operations)


def _group(name: str, pattern: str, *operations: str) -> dict[str, Any]:
    return _acl("group", name, pattern, *operations)


def _transactions(prefix: str) -> dict[str, Any]:
    return _acl("transactionalId", f"{prefix}.", "prefix", "Describe", "Write")


def _acl(kind: str, name: str, pattern: str, *operations: str) -> dict[str, Any]:
    return {"resource": {"type": kind, "name": name, "patternType": pattern}, "operations": list(operations)}


def _rights(acls: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "authentication": {"type": "tls"},
        "authorization": {"type": "simple", "acls": [acl for acl in acls if acl["operations"]]},
    }


def _kafka(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"strimzi.io/cluster": CLUSTER}},
        "spec": spec,
    }


def _documents(objects: list[dict[str, Any]], source: str) -> str:
    texts = [
        yaml.safe_dump(one, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
        for one in objects
    ]
    return _HEAD.format(source=source) + "---\n".join(texts)
