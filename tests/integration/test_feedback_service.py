"""The feedback process as a whole: outcomes on the topics in, summaries to read out, each once and for its tenant alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Generator
from datetime import UTC, datetime

import httpx
import pytest
from confluent_kafka import Producer

from brevity.common.events import (
    Coverage,
    DocumentAccepted,
    Origin,
    Span,
    SummaryCompleted,
    SummaryRequest,
    SupportedSentence,
    Usage,
    encode,
)
from brevity.common.ids import content_hash
from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = pytest.mark.stack

TEXT = "The harbour was closed on Friday. A storm had broken the pier. It opens again in May."
KEYS = {"a-key-of-the-first-tenant": "first", "a-key-of-the-second-tenant": "second"}


@pytest.fixture(scope="module")
def door(stack: Stack) -> Generator[httpx.Client]:
    port = str(stack.free_port())
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")},
        **stack.environ(),
        "BREVITY_MODE": "production",
        "BREVITY_AUTH_API_KEYS": json.dumps(KEYS),
        "BREVITY_MONGO_DATABASE": f"feedback_{uuid.uuid4().hex[:8]}",
        "BREVITY_HTTP_PORT": port,
    }
    process = subprocess.Popen([sys.executable, "-m", "brevity.feedback"], env=environ)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            client.headers["X-API-Key"] = next(iter(KEYS))
            eventually("the service is ready", lambda: _ready(client, process), 60)
            yield client
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()


def _ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the service has ended"
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _publish(stack: Stack, name: str, *, tenant: str = "first", times: int = 1) -> str:
    """Put an accepted document and its summary on their topics; returns the summary's id."""
    now = datetime.now(UTC)
    origin = Origin(topic="documents.submitted", partition=0, offset=1)
    digest = content_hash(TEXT.encode())
    accepted = DocumentAccepted(
        document_id=name, tenant=tenant, content_hash=digest, language="en", language_confidence=1.0,
        word_count=17, char_count=len(TEXT), text=TEXT, submitted_at=now, origin=origin,
    )  # fmt: skip
    first = TEXT.split(". ")[0] + "."
    completed = SummaryCompleted(
        summary_id=f"sum_{name}", document_id=name, tenant=tenant, content_hash=digest, language="en",
        summary=first,
        sentences=[SupportedSentence(text=first, start=0, end=len(first), spans=[Span(start=0, end=len(first))], support=1)],
        coverage=Coverage(percent=100, spans=[Span(start=0, end=len(TEXT))]), engine="extractive",
        model_version="extractive-1", request=SummaryRequest(words=10),
        usage=Usage(source_words=17, summary_words=6), submitted_at=now, origin=origin,
    )  # fmt: skip
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    for _ in range(times):
        for event in (accepted, completed):
            out = encode(event, source="test", time=now)
            producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(20) == 0
    return completed.summary_id


def _listed(door: httpx.Client, **query: str | int) -> list[str]:
    answer = door.get("/v1/summaries", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [item["summary_id"] for item in answer.json()["items"]]


def test_a_summary_written_three_times_is_listed_once_and_read_with_its_source(
    stack: Stack, door: httpx.Client
) -> None:
    name = _publish(stack, "harbour", times=3)
    eventually("listed", lambda: name in _listed(door))
    assert _listed(door).count(name) == 1
    shown = door.get(f"/v1/summaries/{name}").json()
    assert shown["source"] == TEXT
    assert shown["standing"] == "none"
    start, end = shown["sentences"][0]["spans"][0].values()
    assert shown["source"][start:end] == shown["sentences"][0]["text"]


def test_filters_and_pages_find_each_summary_once(stack: Stack, door: httpx.Client) -> None:
    names = {_publish(stack, f"page-{number}") for number in range(5)}
    eventually("all listed", lambda: names <= set(_listed(door)))
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = door.get("/v1/summaries", params=query).json()
        seen += [item["summary_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert names <= set(seen)
    assert _listed(door, document_id="page-3") == ["sum_page-3"]
    assert _listed(door, text="harbour friday", document_id="page-3") == ["sum_page-3"]
    assert _listed(door, text="harbour monday") == []
    assert _listed(door, language="fr") == []


def test_a_tenant_sees_nothing_of_another(stack: Stack, door: httpx.Client) -> None:
    name = _publish(stack, "secret", tenant="second")
    other = {"X-API-Key": list(KEYS)[1]}
    eventually(
        "its owner sees it", lambda: door.get(f"/v1/summaries/{name}", headers=other).status_code == 200
    )
    assert door.get(f"/v1/summaries/{name}").status_code == 404
    assert name not in _listed(door)


def test_without_a_key_nothing_is_shown(door: httpx.Client) -> None:
    answer = door.get("/v1/summaries", headers={"X-API-Key": "a-key-that-nobody-was-given"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("query", [{"cursor": "nonsense"}, {"limit": "0"}, {"since": "yesterday"}])
def test_a_wrong_question_is_answered_with_what_is_wrong(door: httpx.Client, query: dict[str, str]) -> None:
    answer = door.get("/v1/summaries", params=query)
    assert answer.status_code == 422
    assert answer.json()["remedy"]


def test_a_record_that_is_no_event_is_counted_and_holds_nothing_up(stack: Stack, door: httpx.Client) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce("summaries.completed", key="bad", value=b"{", headers=[("x", b"\xff")])
    assert producer.flush(20) == 0
    name = _publish(stack, "after-bad")
    eventually("the next is listed", lambda: name in _listed(door))
    counted = 'brevity_feedback_unreadable_total{code="not_json",topic="summaries.completed"}'
    eventually("it is counted", lambda: counted in door.get("/metrics").text)
