"""`brevity dlq` on documents that were really rejected and summaries that really failed, and that work once mended."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer
from deploy.local.services import Service

from brevity.common.events import (
    DocumentAccepted,
    DocumentRejected,
    ObjectRef,
    Origin,
    SummaryRequest,
    encode,
)
from brevity.common.ids import content_hash
from brevity.common.kafka.dead_letters import list_dead_letters
from brevity.common.storage.places import text_key
from brevity.common.storage.s3 import S3ObjectStore
from tests.support.commands import Brevity
from tests.support.stack import Stack
from tests.support.topics import eventually, read

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

TEXT = "The harbour was closed on Friday. A storm had broken the pier. It opens again in May."


@pytest.fixture(scope="module")
def pipeline(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Ingest, and the summarize stage with its engine inside."""
    logs = tmp_path_factory.mktemp("dlq")
    environ = {**stack.environ(), "BREVITY_SUMMARIZE_CLIENT": "local"}
    running = [
        Service("ingest", ["brevity.ingest"], environ, stack.free_port(), logs, "/readyz"),
        Service("stage", ["brevity.summarize", "stage"], environ, stack.free_port(), logs, "/readyz"),
    ]
    try:
        for service in running:
            service.start()
        for service in running:
            service.wait_ready()
        yield
    finally:
        for service in running:
            service.ask_to_stop()
        for service in running:
            service.stop()


@pytest.fixture(scope="module")
def brevity(stack: Stack) -> Brevity:
    return Brevity(stack.environ())


@pytest.fixture(scope="module")
def store(stack: Stack) -> S3ObjectStore:
    return S3ObjectStore(stack.s3)


def fresh(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


def submit(stack: Stack, key: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers, "message.max.bytes": 30_000_000})
    producer.produce("documents.submitted", key=key, value=value)
    assert producer.flush(30) == 0


def letters(brevity: Brevity, document: str) -> list[dict[str, Any]]:
    return brevity.lines("dlq", "list", "--document", document, "--json")


def arrived(stack: Stack, brevity: Brevity, document: str) -> list[dict[str, Any]]:
    """The document's dead letters as the command lists them, once there is one."""
    topics = ("documents.rejected", "summaries.failed")
    eventually(document, lambda: any(outcomes(stack, topic, document) for topic in topics), 90)
    return letters(brevity, document)


def outcomes(stack: Stack, topic: str, key: str) -> list[dict[str, Any]]:
    return [
        json.loads(message.value() or b"")
        for message in read(stack.kafka, topic)
        if message.key() == key.encode()
    ]


def rejected_for_a_missing_object(
    stack: Stack, store: S3ObjectStore
) -> tuple[str, bytes, Callable[[], None]]:
    """A submission whose text is not in the object store, its bytes, and what mends it."""
    document, key = fresh("missing"), fresh("uploads/default/late")
    text = f"{TEXT} That was written in the note called {document}."
    value = json.dumps({"text": None, "object": {"uri": f"s3://{store.bucket}/{key}"}}).encode()
    submit(stack, document, value)
    return document, value, lambda: store.put(key, text.encode())


def failed_for_a_missing_text(stack: Stack, store: S3ObjectStore) -> tuple[str, bytes, Callable[[], None]]:
    """An accepted document whose text is not in the object store, its bytes, and what mends it."""
    document = fresh("lost")
    data = f"{TEXT} That was written in the letter called {document}.".encode()
    key = text_key("default", data)
    event = DocumentAccepted(
        document_id=document,
        tenant="default",
        content_hash=content_hash(data),
        language="en",
        language_confidence=1.0,
        word_count=26,
        char_count=len(data),
        text_ref=ObjectRef(uri=f"s3://{store.bucket}/{key}"),
        summary=SummaryRequest(words=10),
        submitted_at=datetime.now(UTC),
        origin=Origin(topic="documents.submitted", partition=0, offset=0),
    )
    out = encode(event, source="test", time=event.submitted_at)
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(30) == 0
    return document, out.value, lambda: store.put(key, data)


@pytest.mark.parametrize(
    ("make", "topic", "result"),
    [
        (rejected_for_a_missing_object, "documents.rejected", "documents.accepted"),
        (failed_for_a_missing_text, "summaries.failed", "summaries.completed"),
    ],
)
def test_a_dead_letter_is_listed_shown_and_works_when_replayed_after_it_was_mended(
    pipeline: None,
    stack: Stack,
    store: S3ObjectStore,
    brevity: Brevity,
    make: Callable[[Stack, S3ObjectStore], tuple[str, bytes, Callable[[], None]]],
    topic: str,
    result: str,
) -> None:
    document, value, mend = make(stack, store)
    [letter] = arrived(stack, brevity, document)
    assert (letter["topic"], letter["code"], letter["attempts"]) == (topic, "object_missing", 1)
    assert letter["message"]
    assert letter["remedy"]
    assert not letter["replayed"]
    table = brevity("dlq", "list", "--document", document)
    assert letter["id"] in table
    assert "object_missing" in table
    assert letter["message"] in table
    assert letter["remedy"] in table
    assert json.loads(brevity("dlq", "show", letter["id"])) == letter
    assert brevity("dlq", "show", letter["id"], "--original").encode() == value

    mend()
    assert "1 replayed, 0 left alone" in brevity("dlq", "replay", letter["id"])
    eventually("the outcome", lambda: len(outcomes(stack, result, document)) == 1, 90)
    [now] = letters(brevity, document)
    assert now == {**letter, "replayed": True}

    assert "0 replayed, 1 left alone" in brevity("dlq", "replay", "--document", document)


def test_what_is_replayed_without_being_mended_fails_again_with_its_first_place(
    pipeline: None, stack: Stack, store: S3ObjectStore, brevity: Brevity
) -> None:
    document, _, _ = rejected_for_a_missing_object(stack, store)
    [first] = arrived(stack, brevity, document)
    brevity("dlq", "replay", first["id"])
    eventually("it is rejected again", lambda: len(outcomes(stack, "documents.rejected", document)) == 2, 90)
    again = letters(brevity, document)
    assert {letter["code"] for letter in again} == {"object_missing"}
    assert {json.dumps(letter["origin"]) for letter in again} == {json.dumps(first["origin"])}
    assert "replayed" in brevity("dlq", "replay", "--document", document, "--again")
    eventually("and once more", lambda: len(outcomes(stack, "documents.rejected", document)) >= 3, 90)


def test_letters_of_one_reason_are_replayed_together(
    pipeline: None, stack: Stack, store: S3ObjectStore, brevity: Brevity
) -> None:
    made = [failed_for_a_missing_text(stack, store) for _ in range(3)]
    for document, _, mend in made:
        eventually(document, lambda name=document: bool(outcomes(stack, "summaries.failed", name)), 90)
        mend()
    told = brevity("dlq", "replay", "--code", "object_missing")
    for document, _, _ in made:
        assert document in told
        eventually(document, lambda name=document: len(outcomes(stack, "summaries.completed", name)) == 1, 90)


@pytest.mark.parametrize(
    ("value", "code"),
    [(b"{", "not_json"), (b"\xff\x00\xfe", "not_utf8"), (b'{"text": 1}', "bad_schema"), (b'{"text": "1 2"}', "no_text")],
)  # fmt: skip
def test_the_bytes_of_a_submission_that_cannot_be_read_are_kept_as_they_were(
    pipeline: None, stack: Stack, brevity: Brevity, value: bytes, code: str
) -> None:
    document = fresh("poison")
    submit(stack, document, value)
    [letter] = arrived(stack, brevity, document)
    assert letter["code"] == code
    assert brevity.run("dlq", "show", letter["id"], "--original").stdout == value


def test_an_empty_submission_has_nothing_to_replay_and_says_so(
    pipeline: None, stack: Stack, brevity: Brevity
) -> None:
    document = fresh("empty")
    submit(stack, document, b"")
    [letter] = arrived(stack, brevity, document)
    assert letter["original"] is None
    done = brevity.run("dlq", "replay", letter["id"])
    assert done.returncode == 1
    assert b"keeps no original" in done.stderr


def test_a_letter_that_is_not_there_is_named(brevity: Brevity) -> None:
    for command in ("show", "replay"):
        done = brevity.run("dlq", command, "evt_never")
        assert done.returncode == 1
        assert b"evt_never" in done.stderr
        assert b"Traceback" not in done.stderr


def test_a_record_that_is_no_event_does_not_hide_the_others(
    pipeline: None, stack: Stack, brevity: Brevity
) -> None:
    document = fresh("beside")
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce("documents.rejected", key="broken", value=b"{")
    producer.produce("documents.rejected", key="erased", value=None)
    assert producer.flush(30) == 0
    submit(stack, document, b"{")
    [letter] = arrived(stack, brevity, document)
    assert letter["code"] == "not_json"
    assert letter["id"] in {one.id for one in list_dead_letters(stack.kafka)}


def test_of_many_letters_the_newest_are_listed_and_all_are_counted(stack: Stack, brevity: Brevity) -> None:
    tenant, many, now = fresh("t"), 3_000, datetime.now(UTC)
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers, "linger.ms": 50})
    for number in range(many):
        event = DocumentRejected(
            document_id=f"{tenant}-{number}",
            tenant=tenant,
            code="too_large" if number % 3 else "binary",
            message="It cannot be accepted.",
            remedy="Send another.",
            submitted_at=now - timedelta(hours=many - number),
            origin=Origin(topic="documents.submitted", partition=0, offset=number),
        )
        out = encode(event, source="test", time=now)
        producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(60) == 0
    done = brevity.run("dlq", "list", "--tenant", tenant, "--limit", "5", "--json")
    assert [json.loads(line)["document_id"] for line in done.stdout.splitlines()] == [
        f"{tenant}-{number}" for number in range(many - 1, many - 6, -1)
    ]
    assert b"2995 older ones are not shown" in done.stderr
    assert len(brevity.lines("dlq", "list", "--tenant", tenant, "--since", "10h", "--json")) == 9
    assert brevity.lines("dlq", "list", "--tenant", tenant, "--count", "--json") == [
        {"code": "too_large", "tenant": tenant, "count": 2_000},
        {"code": "binary", "tenant": tenant, "count": 1_000},
    ]
