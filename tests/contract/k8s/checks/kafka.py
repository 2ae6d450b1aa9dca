"""Topics, users and rights, against the declared table and the code's own consumers."""

from __future__ import annotations

from brevity.common.kafka.client import MAX_MESSAGE_BYTES
from brevity.common.kafka.topics import INGEST_GROUP, SUMMARIZE_GROUP, TOPICS, retry_topic
from brevity.feedback import consumer as feedback_consumer
from brevity.feedback.ledger import consumer as ledger
from brevity.feedback.monitoring import monitor
from brevity.ingest import projection
from brevity.trainer import consumer as trainer_consumer
from brevity.trainer.live import ratings
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import find

CONSUMERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("ingest", INGEST_GROUP, ("documents.submitted", retry_topic(INGEST_GROUP))),
    ("ingest", projection.GROUP, tuple(projection._MODELS)),
    ("summarize", SUMMARIZE_GROUP, ("documents.accepted", retry_topic(SUMMARIZE_GROUP))),
    ("summarize", "brevity.promotions.any", ("models.promoted",)),
    ("feedback", feedback_consumer.GROUP, tuple(feedback_consumer._MODELS)),
    ("feedback", ledger.GROUP, ("models.promoted", "models.served")),
    ("feedback", "brevity.feedback.drift.any", monitor.TOPICS),
    ("trainer", trainer_consumer.GROUP, tuple(trainer_consumer._MODELS)),
    ("trainer", ratings.GROUP, ("feedback.recorded",)),
)
"""What each service reads, and as whom."""


def topic_problems(objects: list[Object]) -> list[str]:
    there = {one["metadata"]["name"]: one["spec"] for one in find(objects, "KafkaTopic")}
    declared = {topic.name: topic for topic in TOPICS}
    found = [f"topic {name} is not in the table" for name in sorted(set(there) - set(declared))]
    [cluster] = find(objects, "Kafka")
    config = cluster["spec"]["kafka"]["config"]
    brokers = sum(
        pool["spec"]["replicas"]
        for pool in find(objects, "KafkaNodePool")
        if "broker" in pool["spec"]["roles"]
    )
    for name, topic in declared.items():
        spec = there.get(name, {})
        if spec.get("partitions") != topic.partitions or spec.get("config") != topic.config():
            found.append(f"topic {name} is not as the table has it")
        if spec and not config["min.insync.replicas"] <= spec["replicas"] <= brokers:
            found.append(f"topic {name}: {spec['replicas']} replicas on {brokers} brokers")
    if config["message.max.bytes"] < MAX_MESSAGE_BYTES or config["auto.create.topics.enable"] is not False:
        found.append("the brokers take too little, or make topics by themselves")
    return found


def right_problems(objects: list[Object]) -> list[str]:
    """Each service may do what the table and its consumers ask for, and nothing beyond the table."""
    found: list[str] = []
    users = {one["metadata"]["name"]: one for one in find(objects, "KafkaUser")}
    for service in ("ingest", "summarize", "feedback", "trainer"):
        for topic in TOPICS:
            wanted = {
                *(("Describe", "Read") if service in topic.readers else ()),
                *(("Describe", "Write") if service in topic.writers else ()),
            }
            if _may(users.get(service), "topic", topic.name) != wanted:
                found.append(f"user {service}: other rights on {topic.name} than {sorted(wanted)}")
    for service, group, topics in CONSUMERS:
        if not {"Describe", "Read"} <= _may(users.get(service), "group", group):
            found.append(f"user {service} may not be in the group {group}")
        found += [
            f"user {service} may not read {topic}, which {group} does"
            for topic in topics
            if "Read" not in _may(users.get(service), "topic", topic)
        ]
    for service, group in (("ingest", INGEST_GROUP), ("summarize", SUMMARIZE_GROUP)):
        if not {"Describe", "Write"} <= _may(users.get(service), "transactionalId", f"{group}.any"):
            found.append(f"user {service} may not write in transactions")
    for item in find(objects, "ScaledObject"):
        for trigger in item["spec"]["triggers"]:
            if trigger["type"] == "kafka":
                of = trigger["metadata"]
                if "Describe" not in _may(users.get("keda"), "group", of["consumerGroup"]):
                    found.append(f"user keda may not see the group {of['consumerGroup']}")
                if _may(users.get("keda"), "topic", of["topic"]) != {"Describe"}:
                    found.append(f"user keda may do other things with {of['topic']} than see it")
    return found


def _may(user: Object | None, kind: str, name: str) -> set[str]:
    if user is None:
        return set()
    found: set[str] = set()
    for acl in user["spec"]["authorization"]["acls"]:
        resource = acl["resource"]
        hit = (
            name.startswith(resource["name"])
            if resource["patternType"] == "prefix"
            else name == resource["name"]
        )
        if resource["type"] == kind and hit:
            found |= set(acl["operations"])
    return found
