"""The AsyncAPI document is valid, complete, and leads nowhere that does not exist."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from tools import generate

from brevity.common.events import ALL_EVENTS, Event, asyncapi, encode
from brevity.common.http.app import create_app
from brevity.common.kafka.topics import BY_NAME, TOPICS
from brevity.common.settings import AuthSettings, HttpSettings
from tests.contract.released import ALL_EXAMPLES

with warnings.catch_warnings():  # of two field names of its own, and nothing to do with us
    warnings.simplefilter("ignore")
    from asyncapi3.models import AsyncAPI3

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    """The document as it is published."""
    return yaml.safe_load((generate.DOCS / "asyncapi" / "asyncapi.yaml").read_text("utf-8"))


def found(document: Document, reference: str) -> Any:
    """What a `$ref` names; raises KeyError when there is nothing."""
    assert reference.startswith("#/"), f"{reference} leads out of the document"
    place: Any = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def wrong_links(document: Document) -> list[str]:
    """Rules of AsyncAPI 3 about what may refer to what."""
    wrong: list[str] = []
    for reference in references(document):
        try:
            found(document, reference)
        except KeyError:
            wrong.append(f"{reference} leads nowhere")
    for name, channel in document["channels"].items():
        if any(not server["$ref"].startswith("#/servers/") for server in channel.get("servers", ())):
            wrong.append(f"channel {name} names a server that is not one of the document's")
    for name, operation in document["operations"].items():
        channel = operation["channel"]["$ref"]
        if not channel.startswith("#/channels/"):
            wrong.append(f"operation {name} does not name a channel of the document")
        if any(not one["$ref"].startswith(f"{channel}/messages/") for one in operation.get("messages", ())):
            wrong.append(f"operation {name} has a message that its channel does not have")
    return wrong


def _valid(document: Document) -> bool:
    try:
        AsyncAPI3.model_validate(document)
    except ValidationError:
        return False
    return True


def test_the_document_follows_the_specification(document: Document) -> None:
    assert AsyncAPI3.model_validate(document).asyncapi == "3.0.0"
    assert wrong_links(document) == []


SPOILT: dict[str, Callable[[Document], Any]] = {
    "no version": lambda document: document["info"].pop("version"),
    "an action there is not": lambda document: document["operations"]["ingest_receive_documents_submitted"].update(action="push"),
    "a field there is not": lambda document: document["channels"]["documents_submitted"].update(topic="x"),
    "a cleanup policy Kafka does not have": lambda document: document["channels"]["documents_submitted"]["bindings"]["kafka"]["topicConfiguration"].update({"cleanup.policy": ["burn"]}),
    "half a partition": lambda document: document["channels"]["documents_submitted"]["bindings"]["kafka"].update(partitions=0.5),
    "a channel's name with a blank": lambda document: document["channels"].update({"a b": {"address": "x"}}),
    "an operation without a channel": lambda document: document["operations"]["ingest_receive_documents_submitted"].pop("channel"),
    "a channel that is gone": lambda document: document["channels"].pop("documents_submitted"),
    "a message that is gone": lambda document: document["components"]["messages"].pop("summaries_failed"),
    "a definition that is gone": lambda document: document["components"]["messages"]["summaries_completed"]["payload"]["schema"]["$defs"].pop("Usage"),
    "another channel's message": lambda document: document["operations"]["ingest_receive_documents_submitted"].update(messages=[{"$ref": "#/channels/documents_accepted/messages/event"}]),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_document_is_noticed(document: Document, name: str) -> None:
    spoilt = copy.deepcopy(document)
    SPOILT[name](spoilt)
    assert spoilt != document
    assert not _valid(spoilt) or wrong_links(spoilt)


def test_every_event_has_a_channel_with_the_topics_settings(document: Document) -> None:
    channels = {channel["address"]: channel for channel in document["channels"].values()}
    assert channels.keys() == {event.topic for event in ALL_EVENTS}
    for name, channel in channels.items():
        kafka, config = channel["bindings"]["kafka"], BY_NAME[name].config()
        assert (kafka["topic"], kafka["partitions"]) == (name, BY_NAME[name].partitions)
        told = kafka["topicConfiguration"]
        assert told["cleanup.policy"] == config["cleanup.policy"].split(",")
        assert told["retention.ms"] == int(config["retention.ms"])
        assert told["max.message.bytes"] == int(config["max.message.bytes"])


def test_who_writes_and_who_reads_each_topic_is_an_operation(document: Document) -> None:
    told = {
        (operation["action"], found(document, operation["channel"]["$ref"])["address"], operation["title"].split()[0])
        for operation in document["operations"].values()
    }  # fmt: skip
    wanted = {
        (action, topic.name, party)
        for topic in TOPICS
        if topic.name in {event.topic for event in ALL_EVENTS}
        for action, parties in (("send", topic.writers), ("receive", topic.readers))
        for party in parties
    }
    assert told == wanted


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.topic)
def test_a_channels_message_is_its_event(document: Document, event: type[Event]) -> None:
    channel = next(one for one in document["channels"].values() if one["address"] == event.topic)
    message = found(document, channel["messages"]["event"]["$ref"])
    assert message["name"] == event.ce_type()
    payload = message["payload"]["schema"]
    plain = asyncapi.schema(event)
    assert payload["properties"].keys() == plain["properties"].keys()
    assert payload.get("required") == plain.get("required")


@pytest.mark.parametrize(("event", "value"), ALL_EXAMPLES.values(), ids=ALL_EXAMPLES)
def test_an_example_fits_the_payload_within_the_document(
    document: Document, event: type[Event], value: dict[str, Any]
) -> None:
    place = f"#/components/messages/{event.topic.replace('.', '_')}/payload/schema"
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "$ref": place}
    jsonschema.Draft202012Validator(schema).validate(value)


def test_the_headers_told_are_those_that_are_written(document: Document) -> None:
    headers = document["components"]["messageTraits"]["cloudEvent"]["headers"]
    for event, value in ALL_EXAMPLES.values():
        record = encode(event.model_validate(value), source="test", time=datetime(2026, 5, 3, tzinfo=UTC))
        written = {name: (text or b"").decode() for name, text in record.headers}
        assert written.keys() <= headers["properties"].keys()
        jsonschema.Draft202012Validator(headers).validate(written)


@pytest.mark.parametrize("service", ["ingest", "summarize", "feedback", "trainer"])
async def test_a_service_serves_the_document_of_its_own_topics(service: str) -> None:
    app = create_app(
        service,
        title=service,
        mode="local",
        http=HttpSettings(),
        auth=AuthSettings(),
        registry=CollectorRegistry(),
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as door:
        answer = await door.get("/asyncapi.json")
    assert answer.status_code == 200
    served = answer.json()
    assert AsyncAPI3.model_validate(served).asyncapi == "3.0.0"
    assert wrong_links(served) == []
    told = {
        (one["action"], found(served, one["channel"]["$ref"])["address"])
        for one in served["operations"].values()
    }
    events = {event.topic for event in ALL_EVENTS}
    assert told == {
        (action, topic.name)
        for topic in TOPICS
        if topic.name in events
        for action, parties in (("send", topic.writers), ("receive", topic.readers))
        if service in parties
    }
    assert {channel["address"] for channel in served["channels"].values()} == {name for _, name in told}
