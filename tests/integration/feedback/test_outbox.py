"""Feedback that is stored is published, whatever breaks in between; what is published was stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.settings import KafkaSettings
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.model import Pending
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.outbox import Outbox, running
from brevity.feedback.settings import FeedbackBlock
from tests.support.feedback import completed, feedback
from tests.support.stack import Stack
from tests.support.topics import read

pytestmark = pytest.mark.stack

SUMMARY = completed("a")


def outbox(repository: MongoRepository, kafka: KafkaSettings, owner: str, takeover: float = 60) -> Outbox:
    settings = FeedbackBlock(instance_id=owner, outbox_takeover_seconds=takeover)
    return Outbox(
        repository,
        AcknowledgedProducer(kafka, FeedbackRecorded.topic),
        settings,
        FeedbackMetrics(CollectorRegistry()),
    )


@asynccontextmanager
async def at_work(box: Outbox) -> AsyncGenerator[None]:
    task = asyncio.create_task(running(box))
    yield
    box.stop()
    await task


def ids(stack: Stack, prefix: str) -> list[str]:
    """Ids of the feedback on the topic, repeats included."""
    found = [
        (message.key() or b"").decode()
        for message in read(stack.kafka, "feedback.recorded")
        if message.value()
    ]
    return sorted(name for name in found if name.startswith(prefix))


async def left(repository: MongoRepository) -> int:
    return len(await repository.pending("nobody", datetime(2100, 1, 1, tzinfo=UTC)))


async def test_feedback_is_published_once_and_in_the_tally_when_it_is_answered(
    repository: MongoRepository, stack: Stack
) -> None:
    await repository.save([SUMMARY])
    box = outbox(repository, stack.kafka, "me")
    async with at_work(box):
        for number in range(3):
            given = feedback(SUMMARY, f"plain-{number}", after=number, reviewer=f"r{number}")
            assert await box.record(given) == (given, True)
            assert await box.record(given) == (given, False)
            found = await repository.summary("first", SUMMARY.summary_id)
            assert found is not None
            assert found.tally.up == number + 1
    assert ids(stack, "plain-") == ["plain-0", "plain-1", "plain-2"]
    assert await left(repository) == 0


async def test_what_a_killed_instance_left_is_published_and_added_up_at_its_next_start(
    repository: MongoRepository, stack: Stack
) -> None:
    await repository.save([SUMMARY])
    await repository.add_feedback(feedback(SUMMARY, "left-1"), "me")  # killed right after the write
    async with at_work(outbox(repository, stack.kafka, "me")):
        pass
    assert ids(stack, "left-") == ["left-1"]
    found = await repository.summary("first", SUMMARY.summary_id)
    assert found is not None
    assert found.tally.up == 1


async def test_another_instance_publishes_what_one_left_for_good(
    repository: MongoRepository, stack: Stack
) -> None:
    await repository.save([SUMMARY])
    await repository.add_feedback(feedback(SUMMARY, "gone-1"), "dead")
    async with at_work(outbox(repository, stack.kafka, "me", takeover=60)):
        pass
    assert ids(stack, "gone-") == []  # it may be at work still
    async with at_work(outbox(repository, stack.kafka, "me", takeover=1)):
        for _ in range(100):
            if not await left(repository):
                break
            await asyncio.sleep(0.1)
    assert ids(stack, "gone-") == ["gone-1"]


async def test_with_kafka_away_feedback_is_taken_and_published_later(
    repository: MongoRepository, stack: Stack
) -> None:
    await repository.save([SUMMARY])
    away = outbox(repository, KafkaSettings(bootstrap_servers="127.0.0.1:1"), "me")
    await away.record(feedback(SUMMARY, "away-1"))
    assert await left(repository) == 1
    async with at_work(outbox(repository, stack.kafka, "me")):
        pass
    assert ids(stack, "away-") == ["away-1"]
    assert await left(repository) == 0


async def test_a_broker_that_does_not_answer_is_said_to_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brevity.common.kafka.producer._ACK_SECONDS", 1.0)
    producer = AcknowledgedProducer(KafkaSettings(bootstrap_servers="127.0.0.1:1"), FeedbackRecorded.topic)
    with pytest.raises(Unavailable):
        await asyncio.to_thread(producer.erase, "feedback.recorded", ["x"])


async def test_feedback_that_is_refused_is_not_published(repository: MongoRepository, stack: Stack) -> None:
    box = outbox(repository, stack.kafka, "me")
    async with at_work(box):
        with pytest.raises(Rejected, match="not_found"):
            await box.record(feedback(SUMMARY, "refused-1"))
    assert ids(stack, "refused-") == []


async def test_feedback_that_is_being_refused_while_the_outbox_looks_is_not_published(
    repository: MongoRepository, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, look = outbox(repository, stack.kafka, "me"), repository.pending
    met: list[str] = []

    async def at_the_wrong_moment(*args: Any, **options: Any) -> Sequence[Pending]:
        """What the store held between the writing of this feedback and its refusal; the answer comes after both."""
        await repository.save([SUMMARY])
        given = feedback(SUMMARY, "between-1")
        await repository.add_feedback(given, "me")
        found = await look(*args, **options)
        met.extend(item.feedback.feedback_id for item in found)
        await repository.erase(SUMMARY.tenant, SUMMARY.document_id)
        with pytest.raises(Rejected, match="not_found"):
            await box.record(given)
        monkeypatch.setattr(repository, "pending", look)
        return found

    monkeypatch.setattr(repository, "pending", at_the_wrong_moment)
    async with at_work(box):
        pass
    assert "between-1" in met
    assert ids(stack, "between-") == []
