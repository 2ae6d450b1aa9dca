"""What Kafka's topics still hold of a document, and which objects they refer to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.dead_letters import read_topic
from brevity.common.kafka.record import Record
from brevity.common.kafka.topics import TOPICS, Topic
from brevity.common.settings import KafkaSettings

_LOCAL_TENANT = "default"
"""Whose a submission is that names no tenant."""


@dataclass
class TopicTrace:
    """Records of one topic about the document; those under `unclear` carry its id and say nothing of a tenant."""

    topic: Topic
    records: int = 0
    unclear: int = 0
    newest_ms: int = 0

    @property
    def kept_until(self) -> datetime | None:
        """About when the last of them goes by itself; None when it does not."""
        if not self.topic.retention_ms:
            return None
        return datetime.fromtimestamp((self.newest_ms + self.topic.retention_ms) / 1000, tz=UTC)


@dataclass
class Traces:
    topics: list[TopicTrace] = field(default_factory=list[TopicTrace])
    objects: set[str] = field(default_factory=set[str])
    """Addresses that records about the document refer to."""
    texts: set[str] = field(default_factory=set[str])
    """SHA-256 of its texts."""
    feedback_ids: set[str] = field(default_factory=set[str])
    """Feedback on it that has no tombstone yet."""


def traces_of(
    kafka: KafkaSettings,
    tenant: str,
    document_id: str,
    *,
    progress: Callable[[str], None] = lambda topic: None,
) -> Traces:
    """Read every topic to its end. Raises Unavailable."""
    found = Traces()
    for topic in TOPICS:
        progress(topic.name)
        trace = TopicTrace(topic)
        for record in read_topic(kafka, topic.name):
            value = _value(record)
            whose = _about(record, value, document_id)
            if topic.name == FeedbackRecorded.topic:
                _feedback(record, found, whose is not None and value.get("tenant") == tenant)
            if whose is None:
                continue
            if whose not in ("", tenant):
                continue
            trace.newest_ms = max(trace.newest_ms, record.timestamp_ms)
            if whose == tenant:
                trace.records += 1
                found.objects.update(_addresses(value))
                if isinstance(digest := value.get("content_hash"), str):
                    found.texts.add(digest)
            else:
                trace.unclear += 1
        if trace.records or trace.unclear:
            found.topics.append(trace)
    return found


def referred_to_by_others(
    kafka: KafkaSettings, tenant: str, document_id: str, addresses: set[str]
) -> set[str]:
    """Those of `addresses` that records about other documents refer to. Raises Unavailable."""
    shared: set[str] = set()
    if not addresses:
        return shared
    for topic in TOPICS:
        for record in read_topic(kafka, topic.name):
            value = _value(record)
            mentioned = addresses.intersection(_addresses(value))
            if mentioned and _about(record, value, document_id) != tenant:
                shared |= mentioned
    return shared


def _value(record: Record) -> dict[str, Any]:
    try:
        value = json.loads(record.value or b"null")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _about(record: Record, value: dict[str, Any], document_id: str) -> str | None:
    """The tenant whose document `document_id` this record is about; "" when it says none; None for another's."""
    name = value.get("document_id") or (record.key or b"").decode("utf-8", "replace")
    samples = value.get("sample_document_ids")
    if name != document_id and not (isinstance(samples, list) and document_id in samples):
        return None
    tenant = value.get("tenant")
    if isinstance(tenant, str):
        return tenant
    submitted = value.get("text") is not None or value.get("object") is not None
    return _LOCAL_TENANT if submitted else ""


def _feedback(record: Record, found: Traces, ours: bool) -> None:
    key = (record.key or b"").decode("utf-8", "replace")
    if record.value is None:
        found.feedback_ids.discard(key)
    elif ours:
        found.feedback_ids.add(key)


def _addresses(value: dict[str, Any]) -> Iterator[str]:
    for name in ("object", "text_ref", "blocks_ref", "original"):
        reference = value.get(name)
        if isinstance(reference, dict) and isinstance(reference.get("uri"), str):
            yield reference["uri"]
