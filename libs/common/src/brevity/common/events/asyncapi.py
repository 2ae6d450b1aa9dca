"""The AsyncAPI 3.0 document, from the declared topics and events."""

from __future__ import annotations

import json
import re
from typing import Any

from brevity.common.events import ALL_EVENTS, Event
from brevity.common.kafka.topics import BY_NAME, TOPICS, Topic

_CLOUDEVENTS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode. Whoever writes `documents.submitted` may leave them out.",
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {
            "type": "string",
            "description": "Derived from topic, key and value: a redo has the same id.",
        },
        "ce_type": {"type": "string", "description": "e.g. `brevity.documents.accepted.v1`."},
        "ce_source": {"type": "string", "description": "The service, e.g. `/brevity/ingest`."},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "description": "The record's key."},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "description": "W3C trace context."},
        "tracestate": {"type": "string", "description": "W3C trace context."},
    },
}


def schema(event: type[Event]) -> dict[str, Any]:
    """JSON Schema 2020-12 of an event's value. What anybody may write may hold null wherever a field may be absent."""
    found = event.model_json_schema()
    if "any" in BY_NAME[event.topic].writers:
        found = {
            **_nullable(found),
            "$defs": {name: _nullable(part) for name, part in found["$defs"].items()},
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:brevity:{event.topic}:v{event.schema_version}",
        **found,
    }


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    required = found.get("required", ())
    return {
        **found,
        "properties": {
            name: part if name in required else _or_null(part) for name, part in found["properties"].items()
        },
    }


def _or_null(part: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in part:
        return part
    told = {name: part[name] for name in ("default", "description", "title") if name in part}
    rule = {name: value for name, value in part.items() if name not in told}
    if "additionalProperties" in rule:
        rule["additionalProperties"] = _or_null(rule["additionalProperties"])
    return {"anyOf": [rule, {"type": "null"}], **told}


def document(version: str, party: str | None = None) -> dict[str, Any]:
    """The document of the whole platform, or of one service: what `party` writes and reads.

    Topics without an event of their own (retries) carry another topic's records and are left out.
    """
    events = {event.topic: event for event in ALL_EVENTS}
    topics = [
        topic for topic in TOPICS if topic.name in events and party in (None, *topic.writers, *topic.readers)
    ]
    operations: dict[str, Any] = {}
    for topic in topics:
        for action, parties in (("send", topic.writers), ("receive", topic.readers)):
            operations |= {
                _name(f"{one}.{action}.{topic.name}"): _operation(one, action, topic)
                for one in parties
                if party in (None, one)
            }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Brevity" if party is None else f"Brevity {party}",
            "version": version,
            "description": "Documents in, faithful summaries out. Read with isolation.level=read_committed.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{brokers}",
                "protocol": "kafka",
                "description": "The brokers that BREVITY_KAFKA_BOOTSTRAP_SERVERS names.",
                "variables": {"brokers": {"default": "127.0.0.1:9092"}},
            }
        },
        "channels": {_name(topic.name): _channel(topic) for topic in topics},
        "operations": operations,
        "components": {
            "messages": {_name(topic.name): _message(events[topic.name]) for topic in topics},
            "messageTraits": {"cloudEvent": {"headers": _CLOUDEVENTS}},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    config = topic.config()
    return {
        "address": topic.name,
        "description": topic.description,
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {"event": {"$ref": f"#/components/messages/{_name(topic.name)}"}},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.ce_type(),
        "title": event.__name__,
        "summary": (event.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": _inlined(event.topic, schema(event)),
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": BY_NAME[event.topic].key},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation(party: str, action: str, topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{_name(topic.name)}"
    return {
        "action": action,
        "title": f"{party} {'writes' if action == 'send' else 'reads'} {topic.name}",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/event"}],
    }


def _inlined(topic: str, value: dict[str, Any]) -> dict[str, Any]:
    """Definitions are found from the document's root, not from the schema's."""
    root = f"#/components/messages/{_name(topic)}/payload/schema/$defs/"
    moved: dict[str, Any] = json.loads(json.dumps(value).replace("#/$defs/", root))
    del moved["$id"]  # it would become the base that references are resolved against
    return moved


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)
