"""Ingest obeys `documents.erased`: its own records go, others' and later ones stay, and it says what it did."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.collection import Collection

from brevity.common.events import DocumentErased, ErasedText, ErasureConfirmed, SummaryRequest, decode, encode
from brevity.common.kafka.dead_letters import read_topic
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.storage.mongo import async_mongo_client, mongo_client
from brevity.ingest.claims import claim_id
from brevity.ingest.erasing import Erasing
from tests.support.ingest_view import ingest_view
from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

NOW = datetime.now(UTC)
BEFORE, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
DIGEST = "9" * 64


@pytest.fixture
def database(stack: Stack) -> Generator[str]:
    name = f"erasing_{uuid.uuid4().hex[:8]}"
    yield name
    with mongo_client(stack.mongo) as client:
        client.drop_database(name)


def names(collection: Collection) -> set[str]:
    return {record["_id"] for record in collection.find()}


def test_the_view_erases_what_ingest_keeps_of_a_document_and_confirms_it(stack: Stack, database: str) -> None:
    request = SummaryRequest(words=40)
    of_text = claim_id("first", DIGEST, request)
    mongo = stack.mongo.model_copy(update={"database": database})
    event = DocumentErased(
        erasure_id=f"era_{uuid.uuid4().hex}",
        tenant="first",
        document_id="a",
        texts=[ErasedText(content_hash=DIGEST, request=request)],
        erased_at=NOW,
    )
    producer = AcknowledgedProducer(stack.kafka, DocumentErased.topic)

    def confirmed() -> list[ErasureConfirmed]:
        told = [
            decode(ErasureConfirmed, record) for record in read_topic(stack.kafka, ErasureConfirmed.topic)
        ]
        return [one for one in told if one.erasure_id == event.erasure_id]

    with mongo_client(mongo) as client:
        states, claims = client[database]["documents"], client[database]["ingest_claims"]
        states.insert_many(
            [
                {"_id": "first/a", "changed_at": BEFORE},
                {"_id": "second/a", "changed_at": BEFORE},
                {"_id": "first/b", "changed_at": BEFORE},
            ]
        )
        claims.insert_many(
            [
                {"_id": of_text, "taken_at": BEFORE},  # as an early release left it: without its tenant
                {"_id": "once-more", "tenant": "first", "document_id": "a", "taken_at": BEFORE},
                {"_id": "sent-later", "tenant": "first", "document_id": "a", "taken_at": LATER},
                {"_id": "theirs", "tenant": "second", "document_id": "a", "taken_at": BEFORE},
                {"_id": "other", "tenant": "first", "document_id": "b", "taken_at": BEFORE},
            ]
        )
        with ingest_view(stack.kafka, mongo):
            producer.send([encode(event, source="test", time=NOW)])
            eventually("it is confirmed", lambda: bool(confirmed()), 60)
        # The view also has what other tests of this stack have submitted.
        assert names(states) & {"first/a", "second/a", "first/b"} == {"second/a", "first/b"}
        assert names(claims) == {"sent-later", "theirs", "other"}
    assert confirmed()[0].owner == "ingest"
    assert confirmed()[0].removed == {"documents": 1, "ingest_claims": 2}


async def test_a_state_of_a_later_submission_stays(stack: Stack, database: str) -> None:
    event = DocumentErased(erasure_id="era_1", tenant="first", document_id="a", erased_at=NOW)
    client = async_mongo_client(stack.mongo)
    states = client[database]["documents"]
    await states.insert_one({"_id": "first/a", "changed_at": LATER})
    await Erasing(client[database], AcknowledgedProducer(stack.kafka, ErasureConfirmed.topic)).obey(event)
    assert await states.count_documents({}) == 1
    await client.close()
