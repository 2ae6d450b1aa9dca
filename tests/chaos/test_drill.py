"""The disaster drill of docs/operations.md: the store is lost with all its data, and comes back from the topics."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from brevity.common.events import Event, encode
from brevity.feedback.consumer import GROUP
from brevity.feedback.ledger.consumer import GROUP as LEDGER_GROUP
from tests.support.feedback import TEXT, accepted, completed
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.stack import Stack, fresh_stack
from tests.support.topics import eventually, read

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

SUMMARIES = 12


def produce(stack: Stack, events: list[Event]) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    for event in events:
        out = encode(event, source="drill", time=datetime.now(UTC))
        producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(60) == 0


def shown(service: FeedbackService) -> list[dict[str, Any]]:
    """All that readers see: every summary with its source, its ratings and its corrections; nothing of when it was kept."""
    with service.as_("anna") as client:
        items = client.get("/v1/summaries", params={"limit": 100}).json()["items"]
        full = [client.get(f"/v1/summaries/{item['summary_id']}").json() for item in items]
    with service.as_("ada") as client:
        references = client.get("/v1/references").text
    plain = [{name: value for name, value in one.items() if name != "stored_at"} for one in full]
    return [*sorted(plain, key=lambda one: one["summary_id"]), {"references": references}]


def restored(service: FeedbackService) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "brevity.feedback.restoring"],
        env=service.environ(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def from_the_start(stack: Stack) -> None:
    """Both groups begin at the earliest record, as after a restored cluster."""
    admin = AdminClient({"bootstrap.servers": stack.kafka.bootstrap_servers})
    for future in admin.delete_consumer_groups([GROUP, LEDGER_GROUP]).values():
        future.result(60)


def read_to_the_end(stack: Stack) -> bool:
    """Whether the group has committed all that was produced."""
    consumer = Consumer({"bootstrap.servers": stack.kafka.bootstrap_servers, "group.id": GROUP})
    try:
        committed = 0
        for topic in ("documents.accepted", "summaries.completed"):
            partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
            places = consumer.committed([TopicPartition(topic, number) for number in partitions], timeout=20)
            committed += sum(max(place.offset, 0) for place in places)
        return committed == 2 * SUMMARIES
    finally:
        consumer.close()


@pytest.mark.chaos_large
def test_a_lost_store_comes_back_from_the_topics(tmp_path: Path) -> None:
    with fresh_stack(tmp_path / "stack") as stack:
        service = planned(stack)
        texts = {f"doc-{number}": f"Report {number}. {TEXT}" for number in range(SUMMARIES)}
        documents = [accepted(name, text=text) for name, text in texts.items()]
        summaries = [completed(name, text=text) for name, text in texts.items()]
        produce(stack, [*documents, *summaries])
        with running(service):
            eventually("all are kept", lambda: len(shown(service)) == SUMMARIES + 1, 60)
            said = [
                {"rating": "up"},
                {"rating": "down", "reasons": ["too_long"]},
                {"edited_summary": "Better."},
            ]
            for name, given in (("anna", said[0]), ("ben", said[1]), ("ben", said[2])):
                with service.as_(name) as client:
                    answer = client.post(f"/v1/summaries/{summaries[0].summary_id}/feedback", json=given)
                    assert answer.status_code == 201, answer.text
            eventually("published", lambda: len(read(stack.kafka, "feedback.recorded")) == 3, 60)
            before = shown(service)

        stack.mongo_server.stop()
        shutil.rmtree(stack.mongo_server.folder)  # the disk is gone
        stack.mongo_server.start()
        stack.mongo_server.wait_ready()
        from_the_start(stack)

        with running(service):
            eventually("summaries are back", lambda: len(shown(service)) == SUMMARIES + 1, 60)
            assert shown(service) != before, "ratings are not read from their topic by the service itself"
            assert restored(service) == "3 put back, 0 were there, 0 without their summary, 0 unreadable"
            assert shown(service) == before
            assert restored(service) == "0 put back, 3 were there, 0 without their summary, 0 unreadable"
            assert shown(service) == before
            assert len(read(stack.kafka, "feedback.recorded")) == 3, "nothing is published twice"

        from_the_start(stack)  # the store is full now: reading all again changes nothing
        with running(service):
            eventually("all is read again", lambda: read_to_the_end(stack), 60)
            assert shown(service) == before
            assert len(read(stack.kafka, "feedback.recorded")) == 3
