"""A store that does not take a whole batch: what it is slow for gets in by smaller pieces, what it cannot hold stops nobody."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from pymongo import MongoClient

from brevity.common.events import DocumentRejected, Origin, encode
from brevity.common.settings import MongoSettings
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.projection import Projection
from tests.support.slow_store import slow_way
from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = pytest.mark.stack

COUNT = 300


def rejection(document_id: str, offset: int) -> DocumentRejected:
    return DocumentRejected(
        document_id=document_id,
        tenant="default",
        code="no_text",
        message="x" * 1_000,
        remedy="Send text.",
        submitted_at=datetime.now(UTC),
        origin=Origin(topic="documents.submitted", partition=0, offset=offset),
    )


def send(stack: Stack, events: Sequence[DocumentRejected]) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers, "acks": "all"})
    for event in events:
        out = encode(event, source="test", time=event.submitted_at)
        producer.produce(out.topic, out.value, out.key, headers=list(out.headers))
    assert producer.flush(60) == 0


def test_what_the_store_is_too_slow_for_is_sent_in_halves(stack: Stack) -> None:
    """300 rejections take five seconds to send where one is allowed: as one batch they would never get in."""
    mark = uuid.uuid4().hex[:8]
    send(stack, [rejection(f"slow-{mark}-{number}", number) for number in range(COUNT)])
    with (
        MongoClient(stack.mongo.url.get_secret_value()) as client,
        slow_way(stack.mongo_server.port, 80_000) as port,
    ):
        slow = MongoSettings(
            url=SecretStr(f"mongodb://127.0.0.1:{port}"), database=f"slow_{mark}", timeout_seconds=1
        )
        registry = CollectorRegistry()
        states = client[slow.database]["documents"]
        with Projection(stack.kafka, slow, IngestMetrics(registry), group=f"slow-{mark}"):
            wanted = {"_id": {"$in": [f"default/slow-{mark}-{number}" for number in range(COUNT)]}}
            eventually("all got in", lambda: states.count_documents(wanted) == COUNT, 120)
        retries = registry.get_sample_value("brevity_ingest_view_retries_total", {"code": "mongo"})
        assert retries is not None
        assert 0 < retries < 20


def test_an_event_that_the_store_cannot_hold_stops_no_other(stack: Stack) -> None:
    """Numbers above 64 bits are legal JSON, and no store's."""
    mark = uuid.uuid4().hex[:8]
    events = [rejection(f"odd-{mark}-{number}", 2**70 if number == 7 else number) for number in range(20)]
    send(stack, events)
    settings = MongoSettings(url=stack.mongo.url, database=f"odd_{mark}")
    registry = CollectorRegistry()
    with (
        MongoClient(stack.mongo.url.get_secret_value()) as client,
        Projection(stack.kafka, settings, IngestMetrics(registry), group=f"odd-{mark}"),
    ):
        states = client[settings.database]["documents"]
        wanted = {"_id": {"$in": [f"default/{event.document_id}" for event in events]}}
        eventually("the others got in", lambda: states.count_documents(wanted) == 19, 40)
    left_out = {"topic": DocumentRejected.topic, "code": "store_refused"}
    assert registry.get_sample_value("brevity_ingest_view_records_left_out_total", left_out) == 1
