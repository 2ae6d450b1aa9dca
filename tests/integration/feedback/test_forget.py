"""`brevity forget` on real servers: what it takes, what it leaves, and that its proof can fail."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, Event, FeedbackRecorded, ObjectRef, encode
from brevity.common.ids import content_hash
from brevity.common.kafka.client import producer_config
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.storage.mongo import async_mongo_client
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.forgetting import Proof, forget
from brevity.feedback.forgetting.forget import Places
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.settings import FeedbackBlock
from tests.support.commands import Brevity
from tests.support.feedback import accepted, completed, rejected
from tests.support.feedback_service import FeedbackService
from tests.support.ingest_view import ingest_view
from tests.support.topics import eventually, read

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def publish(service: FeedbackService, *events: Event) -> None:
    producer: Any = Producer(producer_config(service.stack.kafka))
    for event in events:
        out = encode(event, source="test", time=datetime.now(UTC))
        producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(20) == 0


def put(service: FeedbackService, kind: str, text: str, tenant: str = "first") -> str:
    return put_at(service, f"{kind}/{tenant}/{content_hash(text.encode())}")


def put_at(service: FeedbackService, key: str) -> str:
    store = S3ObjectStore(service.stack.s3)
    store.put(key, b"The harbour was closed.")
    return f"s3://{store.bucket}/{key}"


def there(service: FeedbackService, address: str) -> bool:
    try:
        S3ObjectStore(service.stack.s3).get(ObjectRef(uri=address).object_key, max_bytes=1_000)
    except Rejected:
        return False
    return True


def command(service: FeedbackService) -> Brevity:
    return Brevity({**service.stack.environ(), "BREVITY_MONGO_DATABASE": service.mongo.database})


def listed(service: FeedbackService, document_id: str, tenant: str = "first") -> int:
    with service.as_("rita", tenant) as reader:
        return len(reader.get("/v1/summaries", params={"document_id": document_id}).json()["items"])


def rate(service: FeedbackService, summary_id: str, tenant: str = "first") -> str:
    with service.as_("anna", tenant) as anna:
        answer = anna.post(
            f"/v1/summaries/{summary_id}/feedback", json={"edited_summary": "Its words, changed."}
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["feedback_id"]


def last_words(service: FeedbackService) -> dict[str, bytes | None]:
    """The last value of each key of `feedback.recorded`."""
    return {
        (message.key() or b"").decode(): message.value()
        for message in read(service.stack.kafka, "feedback.recorded")
    }


@pytest.fixture(scope="module", autouse=True)
def ingest(service: FeedbackService) -> Generator[None]:
    """Obeys what is erased, on the same database."""
    with ingest_view(service.stack.kafka, service.mongo):
        yield


def test_a_document_and_all_that_came_from_it_is_gone_and_its_neighbours_are_not(
    service: FeedbackService, tmp_path: Path
) -> None:
    tag = uuid.uuid4().hex[:8]
    name, neighbour = f"forget-{tag}", f"keep-{tag}"
    upload, mine, shared = (
        put(service, kind, f"{what} {tag}")
        for kind, what in (("uploads", "file"), ("texts", "mine"), ("texts", "shared"))
    )
    wanted, same_name = completed(name), completed(name, tenant="second")
    also_kept = completed(neighbour)
    publish(
        service,
        DocumentSubmitted(document_id=name, tenant="first", object=ObjectRef(uri=upload)),
        DocumentSubmitted(document_id=f"other-{tag}", tenant="first", object=ObjectRef(uri="s3://elsewhere/x")),
        DocumentSubmitted(document_id=name, tenant="first", object=ObjectRef(uri="s3://elsewhere/x")),
        accepted(name, uri=mine),
        accepted(name, text="Another version. Of it.", uri=shared),
        accepted(neighbour, text="Another version. Of it.", uri=shared),
        accepted(name, tenant="second"),
        wanted, same_name, also_kept, rejected(name),
    )  # fmt: skip
    eventually("all are in the store", lambda: listed(service, name) == 1 and listed(service, neighbour) == 1)
    eventually("the other tenant's too", lambda: listed(service, name, "second") == 1)
    feedback_id, kept_id = rate(service, wanted.summary_id), rate(service, also_kept.summary_id)
    theirs = rate(service, same_name.summary_id, "second")
    eventually("published", lambda: {feedback_id, kept_id, theirs} <= set(last_words(service)))

    path = tmp_path / "proof.json"
    told = command(service)("forget", name, "--tenant", "first", "--yes", "--report", path)
    proof = json.loads(path.read_text())

    assert name in told
    assert proof["checks"] == {
        "store_empty": True,
        "objects_gone": True,
        "feedback_erased": True,
        "owners_confirmed": True,
    }
    assert proof["objects_deleted"] == sorted([mine, upload])
    assert (proof["objects_shared"], proof["objects_elsewhere"]) == ([shared], ["s3://elsewhere/x"])
    assert proof["model_versions"] == ["extractive extractive-1"]
    assert (proof["removed"]["feedback_summaries"], proof["removed"]["feedback_entries"]) == (1, 1)
    remaining = {item["topic"]: item["records"] for item in proof["remaining"]}
    assert remaining["documents.submitted"] == 2
    assert remaining["documents.accepted"] == 2
    assert remaining["summaries.completed"] == 1
    assert all(item["kept_until"] for item in proof["remaining"])
    assert proof["not_covered"]

    assert [there(service, address) for address in (upload, mine, shared)] == [False, False, True]
    assert listed(service, name) == 0
    assert (listed(service, neighbour), listed(service, name, "second")) == (1, 1)
    words = last_words(service)
    assert words[feedback_id] is None
    assert words[kept_id] is not None
    assert words[theirs] is not None
    with service.as_("anna") as anna, service.as_("ada") as ada:
        assert anna.get(f"/v1/documents/{name}/history").status_code == 404
        assert "Its words, changed." not in "".join(
            line for line in ada.get("/v1/references").text.splitlines() if name in line
        )
        assert any(
            item["action"] == "forget" and item["target"] == name
            for item in ada.get("/v1/audit").json()["items"]
        )

    marker = completed(f"marker-{tag}")
    publish(service, accepted(name, uri=mine), wanted, marker)  # the topics are read again
    eventually("read to the end", lambda: listed(service, marker.document_id) == 1)
    assert listed(service, name) == 0
    again = json.loads(command(service)("forget", name, "--tenant", "first", "--yes", "--json"))
    assert again["checks"] == proof["checks"]
    assert again["feedback_erased"] == 0


def test_an_unknown_document_changes_nothing_and_ends_with_status_1(service: FeedbackService) -> None:
    done = command(service).run("forget", "no-such-document", "--yes")
    assert done.returncode == 1
    assert b"nothing was changed" in done.stderr
    assert command(service).run("forget", "no-such-document", stdin=b"n\n").returncode == 1


async def _forgotten(service: FeedbackService, name: str, store: ObjectStore, **owners: Any) -> Proof:
    client = async_mongo_client(service.mongo)
    repository = MongoRepository(client, service.mongo.database, FeedbackBlock())
    places = Places(
        service.stack.kafka,
        repository,
        store,
        AcknowledgedProducer(service.stack.kafka, FeedbackRecorded.topic),
        **owners,
    )
    try:
        return await forget(places, "first", name, by="test")
    finally:
        await client.close()


async def test_what_a_submission_named_and_brevity_did_not_write_for_it_stays(
    service: FeedbackService,
) -> None:
    """Whoever submits may name anything; forgetting that document must not be a way to delete it."""
    name = f"named-{uuid.uuid4().hex[:8]}"
    digest = content_hash(name.encode())
    others = [
        put_at(service, key)
        for key in (
            f"datasets/{name}/rows.jsonl.gz",
            f"models/{digest}",
            f"training/sources/{name}.jsonl.gz",
            f"uploads/second/{digest}",
            f"texts/second/{digest}",
            f"rejected/second/{digest}",
            f"uploads/first/{name}.txt",
            f"uploads/first/../second/{digest}",
        )
    ]
    mine = put(service, "uploads", name)
    publish(
        service,
        *(
            DocumentSubmitted(document_id=name, tenant="first", object=ObjectRef(uri=address))
            for address in (*others, mine)
        ),
    )
    submission: Any = Producer(producer_config(service.stack.kafka))
    for uri in ("no address", f"s3://{S3ObjectStore(service.stack.s3).bucket}", "s3://x/" + "y" * 5_000):
        odd = {"document_id": name, "tenant": "first", "object": {"uri": uri}}
        submission.produce("documents.submitted", key=name, value=json.dumps(odd))
    assert submission.flush(20) == 0
    proof = await _forgotten(service, name, S3ObjectStore(service.stack.s3))
    assert proof.objects_deleted == [mine]
    assert set(others) < set(proof.objects_elsewhere)
    assert all(there(service, address) for address in others)


async def test_an_object_that_another_documents_record_names_stays_when_topics_have_forgotten_it(
    service: FeedbackService,
) -> None:
    """Topics keep records for weeks, the store for a year; whoever submits may name its tenant's older texts."""
    name = f"names-{uuid.uuid4().hex[:8]}"
    own, old = put(service, "texts", name), put_at(service, f"texts/{content_hash(name.encode())}")
    await service.fill(
        [
            accepted(f"older-{name}", text=name, uri=own),
            accepted(f"older-{name}", text=name, uri=old, tenant="second"),
        ]
    )
    publish(
        service,
        *(
            DocumentSubmitted(document_id=name, tenant="first", object=ObjectRef(uri=address))
            for address in (own, old)
        ),
    )
    proof = await _forgotten(service, name, S3ObjectStore(service.stack.s3))
    assert (proof.objects_deleted, proof.objects_shared) == ([], sorted([own, old]))
    assert there(service, own)
    assert there(service, old)


async def test_the_proof_fails_while_a_service_that_keeps_something_has_not_confirmed(
    service: FeedbackService,
) -> None:
    name = f"unconfirmed-{uuid.uuid4().hex[:8]}"
    await service.fill([accepted(name), completed(name)])
    asleep = {"owners": frozenset({"ingest", "asleep"}), "wait_seconds": 3.0}
    proof = await _forgotten(service, name, S3ObjectStore(service.stack.s3), **asleep)
    assert (proof.checks.owners_confirmed, proof.checks.passed) == (False, False)
    assert proof.owners_missing == ["asleep"]


class _Keeping:
    """An object store that says it deleted, and did not."""

    def __init__(self, store: S3ObjectStore) -> None:
        self._store = store
        self.bucket = store.bucket
        self.put, self.get, self.ping = store.put, store.get, store.ping
        self.put_file, self.fetch = store.put_file, store.fetch

    def delete(self, key: str) -> None:
        pass


async def test_the_proof_fails_when_something_was_not_erased(service: FeedbackService) -> None:
    name = f"kept-{uuid.uuid4().hex[:8]}"
    address = put(service, "texts", name)
    await service.fill([accepted(name, uri=address), completed(name)])
    proof = await _forgotten(service, name, _Keeping(S3ObjectStore(service.stack.s3)))
    assert not proof.checks.objects_gone
    assert not proof.checks.passed
    assert proof.objects_deleted == [address]
