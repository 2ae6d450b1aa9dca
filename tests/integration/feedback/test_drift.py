"""The drift monitors over real topics and a real store: alarms once, nothing lost or counted twice, whoever dies."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

import httpx
import numpy as np
import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from prometheus_client import CollectorRegistry

from brevity.common.events import DriftDetected, Event, FeedbackRecorded, ObjectRef, decode, encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.kafka.record import Record
from brevity.common.storage.mongo import async_mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.drift import DriftSettings, Watch
from brevity.feedback.drift_settings import DriftBlock
from brevity.feedback.mongo.drift import DriftStore, LeaseLost, SavedDrift
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.feedback.monitoring.metrics import DriftMetrics
from brevity.feedback.monitoring.monitor import TOPICS, DriftMonitor
from brevity.feedback.monitoring.reference import TrainingWindows
from brevity.feedback.registry.door import RegistryDoor
from tests.support.feedback_service import FeedbackService
from tests.support.stack import Stack
from tests.support.topics import eventually, read
from tests.unit.feedback.drift.observing import at, document, rating, summary

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

SETTINGS = DriftBlock(
    mean_between_false_alarms=20_000, baseline=60, quiet=5_000, save_seconds=0.2, lease_seconds=5
)


class Place:
    """A database of its own, whose monitors begin at the present end of the topics."""

    def __init__(self, stack: Stack, store: DriftStore, series: DriftSeries) -> None:
        self.stack = stack
        self.store = store
        self.series = series
        self.trainer: str | None = None
        # Ids of its own: the topics are shared with other tests.
        self.mark = uuid.uuid4().hex[:8]
        self.version = f"m-{self.mark}"

    def publish(self, events: Iterable[Event]) -> None:
        producer = Producer({"bootstrap.servers": self.stack.kafka.bootstrap_servers})
        for event in events:
            out = encode(event, source="test", time=at(0))
            producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
            producer.poll(0)
        assert producer.flush(30) == 0

    def ratings(self, share: float, numbers: range) -> list[Event]:
        draw = np.random.default_rng(numbers.start + 1)
        return [
            rating(
                n, bool(draw.random() < share), feedback_id=f"f-{self.mark}-{n}", model_version=self.version
            )
            for n in numbers
        ]

    def monitor(self) -> DriftMonitor:
        return DriftMonitor(
            self.stack.kafka,
            self.store,
            S3ObjectStore(self.stack.s3),
            AcknowledgedProducer(self.stack.kafka, FeedbackRecorded.topic),
            SETTINGS,
            DriftMetrics(CollectorRegistry()),
            series=self.series,
            windows=TrainingWindows(RegistryDoor(self.trainer)),
            max_text_bytes=1_000_000,
        )

    def alarms(self) -> list[DriftDetected]:
        """What is on the topic for this place's model version, repetitions included."""
        found = [
            decode(DriftDetected, Record("drift.detected", 0, 0, m.key(), m.value()))
            for m in read(self.stack.kafka, "drift.detected")
        ]
        return [event for event in found if event.model_version == self.version]

    async def saved(self) -> SavedDrift:
        found = await self.store.current()
        assert found is not None
        return found


@pytest.fixture
async def place(stack: Stack) -> AsyncGenerator[Place]:
    database = f"drift_{uuid.uuid4().hex[:8]}"
    client = async_mongo_client(stack.mongo)
    found = Place(stack, DriftStore(client[database]), DriftSeries(client[database]))
    first = await found.store.hold("nobody", 5)
    assert first is not None
    await found.store.save(
        "nobody", SavedDrift(first.revision, None, await asyncio.to_thread(_ends, stack), ()), 5
    )
    await found.store.release("nobody")
    found.publish([summary(-1, summary_id=f"s-{found.mark}", model_version=found.version)])
    yield found
    await client.drop_database(database)
    await client.close()


def _ends(stack: Stack) -> dict[tuple[str, int], int]:
    consumer = Consumer({"bootstrap.servers": stack.kafka.bootstrap_servers, "group.id": "ends"})
    ends: dict[tuple[str, int], int] = {}

    def asked() -> bool:
        try:
            for topic in TOPICS:
                for number in consumer.list_topics(topic, timeout=20).topics[topic].partitions:
                    place = TopicPartition(topic, number)
                    ends[topic, number] = consumer.get_watermark_offsets(place, timeout=20)[1]
        except KafkaException:  # topics that were made a moment ago have no leader yet
            return False
        return True

    try:
        eventually("the topics are there", asked, 60)
        return ends
    finally:
        consumer.close()


@asynccontextmanager
async def at_work(monitor: DriftMonitor) -> AsyncGenerator[asyncio.Task[None]]:
    task = asyncio.create_task(monitor.run())
    try:
        yield task
    finally:
        monitor.stop()
        with suppress(asyncio.CancelledError):
            await task


async def until(what: str, condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(eventually, what, condition, 60)


async def counted(place: Place, wanted: int) -> None:
    """Until the saved state has taken in `wanted` ratings."""
    for _ in range(600):
        if _ratings(await place.saved()) >= wanted:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"{wanted} ratings were not counted within a minute")


def _ratings(saved: SavedDrift) -> int:
    if saved.state is None:
        return 0
    monitors = json.loads(json.loads(saved.state)["monitors"])
    return monitors["overall"]["rating"]["ranks"]["count"]


async def test_a_fall_of_ratings_ends_as_one_event_for_each_scope(place: Place) -> None:
    async with at_work(place.monitor()):
        place.publish(place.ratings(0.95, range(250)))
        await counted(place, 250)
        place.publish(place.ratings(0.2, range(250, 400)))
        await until("alarms are published", lambda: len(place.alarms()) >= 2)
    found = place.alarms()
    assert sorted((event.monitor, event.tenant or "") for event in found) == [
        ("quality.rating", ""),
        ("quality.rating", "first"),
    ]
    assert all(event.effect is not None and event.effect < 0 for event in found)
    assert [event.drift_id for event in await place.store.alarms("first")] == [
        event.drift_id for event in found if event.tenant
    ]
    assert await place.store.alarms("second") == []
    points = [
        point
        for tenant, language in ((None, None), ("first", "en"))
        for point in await place.series.read(tenant, language, at(0))
        if point.family == "rating"
    ]
    # Each hour that was tested has its point, over all and for the group, and the alarms are where it passed 1.
    assert {point.model_version for point in points} == {place.version}
    assert [(p.tenant, p.language) for p in points if p.evidence >= 1] == [(None, None), ("first", "en")]
    assert all(p.statistic == "rating" and p.effect < 0 for p in points if p.evidence >= 1)
    seen = found[1].reference.count + found[1].current.count
    assert sum(p.count for p in points if p.tenant) == seen - 60
    watched = await place.store.watched()
    assert watched is not None
    assert (watched.model_version, watched.reference) == (place.version, "first_documents")
    assert (await place.saved()).unpublished == []


async def test_after_a_crash_each_rating_is_counted_once(place: Place) -> None:
    events = place.ratings(0.9, range(300))
    dying = place.monitor()
    async with at_work(dying) as task:
        place.publish(events[:150])
        await counted(place, 50)
        place.publish(events[150:])
        task.cancel()  # no last save, and the lease is not given back
        with suppress(asyncio.CancelledError):
            await task
    place.publish(events)  # every one delivered again
    async with at_work(place.monitor()):
        await counted(place, 300)
        await asyncio.sleep(2)
    assert _ratings(await place.saved()) == 300
    # The points have each once too, whoever saved them.
    points = [point for point in await place.series.read(None, None, at(0)) if point.family == "rating"]
    assert sum(point.count for point in points) == 300 - 60
    assert place.alarms() == []


async def test_what_was_found_and_not_published_before_a_crash_is_published_by_the_next(place: Place) -> None:
    watch = Watch(DriftSettings(mean_between_false_alarms=20_000, baseline=60, group_baseline=60))
    watch.summary(summary(-1, model_version=place.version))
    ratings = [*place.ratings(0.95, range(250)), *place.ratings(0.2, range(250, 400))]
    alarms = [alarm.event() for event in ratings for alarm in watch.feedback(event)]  # type: ignore[arg-type]
    assert alarms
    before = await place.store.hold("crashed", 5)
    assert before is not None
    saved = SavedDrift(before.revision, watch.to_json(), before.places, alarms)
    await place.store.save("crashed", saved, 5)
    for _ in range(2):  # and by nobody after that
        async with at_work(place.monitor()):
            await until("the alarms are on the topic", lambda: len(place.alarms()) >= len(alarms))
            await asyncio.sleep(1)
    assert [event.drift_id for event in place.alarms()] == [event.drift_id for event in alarms]


async def test_a_text_in_the_object_store_is_read_and_one_that_is_gone_is_passed_over(place: Place) -> None:
    objects = S3ObjectStore(place.stack.s3)
    text = "The harbour was closed on Friday, for a storm had broken the pier."
    objects.put(f"texts/{place.mark}", text.encode())
    events = [
        document(n, text, document_id=f"d-{place.mark}-{n}").model_copy(
            update={"text": None, "text_ref": ObjectRef(uri=f"s3://{objects.bucket}/texts/{key}")}
        )
        for n, key in enumerate((f"gone-{place.mark}", place.mark, place.mark))
    ]
    async with at_work(place.monitor()):
        place.publish([*events, *place.ratings(0.9, range(5))])
        await counted(place, 5)
        learned = 0
        for _ in range(300):
            state = (await place.saved()).state or ""
            learned = json.loads(json.loads(state)["monitors"])["lexicon"]["documents"]
            if learned == 2:
                break
            await asyncio.sleep(0.1)
        assert learned == 2


async def test_one_instance_works_at_a_time_and_one_that_was_overtaken_can_save_nothing(place: Place) -> None:
    first = await place.store.hold("first", 0.01)
    assert first is not None
    await asyncio.sleep(0.1)
    second = await place.store.hold("second", 30)
    assert second is not None
    assert await place.store.hold("third", 30) is None
    with pytest.raises(LeaseLost):
        await place.store.save("first", first, 30)
    kept = await place.store.save("second", second, 30)
    assert kept.revision == second.revision + 1
    with pytest.raises(LeaseLost):  # nor by an older revision of its own
        await place.store.save("second", second, 30)
    await place.store.release("second")
    assert await place.store.hold("third", 30) is not None


def test_the_service_runs_the_monitors_and_shows_where_they_stand(service: FeedbackService) -> None:
    def shown() -> str:
        return httpx.get(f"{service.address}/metrics", trust_env=False, timeout=10).text

    eventually("the monitors are at work", lambda: "brevity_feedback_drift_leading 1.0" in shown(), 60)
    evidence = 'brevity_feedback_drift_evidence_ratio{family="input"}'
    eventually("they show where they stand", lambda: evidence in shown(), 60)
