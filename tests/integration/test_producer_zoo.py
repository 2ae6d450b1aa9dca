"""Whatever a producer writes has exactly one outcome, and a plain record written after it is answered within seconds."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from hypothesis import HealthCheck, Phase, given, settings
from prometheus_client import CollectorRegistry

from brevity.common.kafka.logs import BrokerLogs, Log
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.stage import Stage
from brevity.common.kafka.topics import PIPELINE_PARTITIONS
from brevity.common.settings import StageSettings
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.claims import Claims
from brevity.ingest.handler import IngestHandler
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from tests.support.raw_producer import Legal, RawProducer
from tests.support.stack import Stack
from tests.support.topics import Lane, eventually, fresh_lane
from tests.support.zoo import Load, fresh_text, loads

pytestmark = pytest.mark.stack

SECONDS = 15.0
OUTCOMES = ("documents.accepted", "documents.rejected")


@dataclass
class Zoo:
    """A running ingest stage on a lane of its own, and what it made of each offset."""

    lane: Lane
    reader: Any
    logs: BrokerLogs
    outcomes: Counter[int] = field(default_factory=Counter[int])

    def send(self, load: Load) -> None:
        packing = {"compression.type": load.codec, "linger.ms": "50", "batch.size": "3000000"}
        with RawProducer(self.lane.kafka.bootstrap_servers, packing) as producer:
            producer.send(self.lane.source, load.records, partition=0)

    def end(self) -> int:
        """How many records the broker has taken; no other offsets are on the lane."""
        place = (self.lane.source, 0)
        found: list[Log] = []

        def known() -> bool:  # a broker may not know yet of a topic made a moment ago
            found.extend(self.logs.look([place]).logs.values())
            return bool(found)

        eventually("the lane is known", known)
        return found[0].end

    def wait_for(self, offset: int) -> bool:
        deadline = time.monotonic() + SECONDS
        while offset not in self.outcomes and time.monotonic() < deadline:
            message = self.reader.poll(0.2)
            if message is not None and message.error() is None:
                origin = json.loads(message.value())["origin"]
                if origin["topic"] == self.lane.source:
                    self.outcomes[origin["offset"]] += 1
        return offset in self.outcomes


@pytest.fixture(scope="module")
def zoo(stack: Stack) -> Generator[Zoo]:
    lane = fresh_lane(stack.kafka, partitions=1, broker_time=True)
    claims = Claims(mongo_client(stack.mongo), stack.mongo.database)
    metrics = IngestMetrics(CollectorRegistry())
    handler = IngestHandler(S3ObjectStore(stack.s3), claims, IngestBlock(), metrics)
    fast = StageSettings(dead_letter_ratio=1, retry_backoff_seconds=0.05, batch_wait_seconds=0.01)
    stage = Stage(
        "zoo", lane.kafka, fast, lane.group, [lane.source], handler, handler.dead_letter,
        StageMetrics("zoo", CollectorRegistry()),
    )  # fmt: skip
    thread = threading.Thread(target=stage.run)
    reader: Any = Consumer(
        {
            "bootstrap.servers": lane.kafka.bootstrap_servers,
            "group.id": "zoo-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    places = [TopicPartition(topic, number) for topic in OUTCOMES for number in range(PIPELINE_PARTITIONS)]
    for place in places:
        place.offset = reader.get_watermark_offsets(place, timeout=20)[1]
    reader.assign(places)
    logs = BrokerLogs(lane.kafka, "zoo-reader")
    thread.start()
    try:
        yield Zoo(lane, reader, logs)
    finally:
        stage.stop()
        thread.join(40)
        logs.close()
        reader.close()


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a shorter example costs minutes on a real broker
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
@given(load=loads())
def test_every_record_has_one_outcome_and_stops_nobody(zoo: Zoo, load: Load) -> None:
    first = zoo.end()
    zoo.send(load)
    zoo.send(Load("none", (Legal(json.dumps({"text": fresh_text()}).encode()),)))
    last = zoo.end() - 1
    assert last - first == len(load.records), "the broker has refused some"
    assert zoo.wait_for(last), f"the plain record has no outcome after {SECONDS} s"
    found = {offset: zoo.outcomes[offset] for offset in range(first, last + 1)}
    missing = [offset for offset, times in found.items() if not times and not zoo.wait_for(offset)]
    assert not missing, [load.records[offset - first] for offset in missing]
    assert set(found.values()) <= {0, 1}, "an outcome twice"
