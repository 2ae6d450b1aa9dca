"""The exactly-once stage against a plain loop that promises nothing.

Both read the same 1 KB `documents.submitted` events from the same topic of the same broker, parse them into the event
model and write real `documents.accepted` events with CloudEvents headers. The peer is a hand-written aiokafka loop:
batches by `getmany`, an idempotence-free producer, offsets committed by itself in the background, no transaction.
Runs alternate, so that a noisy machine hurts both; the ratio is of the medians.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from tests.support.stack import fresh_stack
from tests.support.topics import Lane, fresh_lane

from bench.report import QUICK, finish, show
from brevity.common.errors import BrevityError
from brevity.common.events import DocumentAccepted, DocumentSubmitted, Origin, decode, encode, record_time
from brevity.common.ids import content_hash
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Result
from brevity.common.kafka.stage import Stage
from brevity.common.settings import StageSettings

COUNT = 20_000 if QUICK else 40_000
ROUNDS = 3 if QUICK else 5
_WORDS = "the committee heard that the harbour works will be finished in spring and cost less than planned "


def accepted(record: Record, sink: str) -> OutRecord:
    """Parse the submission and build its accepted event: the work both sides do."""
    event = decode(DocumentSubmitted, record)
    text = event.text or ""
    out = encode(
        DocumentAccepted(
            document_id=event.document_id or "none",
            tenant=event.tenant,
            content_hash=content_hash(text.encode()),
            language="en",
            language_confidence=1.0,
            word_count=text.count(" ") + 1,
            char_count=len(text),
            text=text,
            summary=event.summary,
            submitted_at=record_time(record),
            origin=Origin(topic=record.topic, partition=record.partition, offset=record.offset),
        ),
        source="bench",
        time=record_time(record),
        cause=record,
    )
    return OutRecord(sink, out.key, out.value, out.headers)


def fill(lane: Lane) -> None:
    producer = Producer({"bootstrap.servers": lane.kafka.bootstrap_servers, "linger.ms": 20})
    text = (_WORDS * 20)[:900]
    for number in range(COUNT):
        event = DocumentSubmitted(document_id=f"doc-{number:06d}", text=f"{number} {text}")
        producer.produce(lane.source, key=event.key(), value=event.to_json())
        producer.poll(0)
    assert producer.flush(60) == 0


def with_stage(lane: Lane) -> float:
    """Records a second with exactly-once on."""
    done = 0
    finished = threading.Event()

    def handle(records: Sequence[Record]) -> list[Result]:
        return [Done((accepted(record, lane.sink),)) for record in records]

    def bury(record: Record, error: BrevityError, attempts: int) -> OutRecord:
        raise AssertionError(f"nothing may fail here: {error}")

    registry = CollectorRegistry()
    metrics = StageMetrics("bench", registry)
    stage = Stage("bench", lane.kafka, StageSettings(), lane.group, [lane.source], handle, bury, metrics)

    def watch() -> None:
        nonlocal done
        while done < COUNT and not finished.is_set():
            done = int(
                registry.get_sample_value("brevity_bench_records_finished_total", {"outcome": "done"}) or 0
            )
            time.sleep(0.005)
        stage.stop()

    began = time.perf_counter()
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        stage.run()
    finally:
        finished.set()
        watcher.join()
    assert done == COUNT, done
    return COUNT / (time.perf_counter() - began)


async def with_plain_loop(lane: Lane) -> float:
    """Records a second without any promise."""
    brokers = lane.kafka.bootstrap_servers
    consumer = AIOKafkaConsumer(
        lane.source, bootstrap_servers=brokers, group_id=f"{lane.group}.plain", auto_offset_reset="earliest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=brokers, linger_ms=5)
    began = time.perf_counter()
    await producer.start()
    await consumer.start()
    done = 0
    try:
        while done < COUNT:
            batches = await consumer.getmany(timeout_ms=200, max_records=500)
            sends = []
            for messages in batches.values():
                for message in messages:
                    record = Record(
                        message.topic, message.partition, message.offset, message.key, message.value,
                        tuple(message.headers), message.timestamp,
                    )  # fmt: skip
                    out = accepted(record, lane.sink)
                    sends.append(
                        await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers))
                    )
            await asyncio.gather(*sends)
            done += len(sends)
    finally:
        await consumer.stop()
        await producer.stop()
    return COUNT / (time.perf_counter() - began)


def main() -> None:
    stage_rates: list[float] = []
    plain_rates: list[float] = []
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        for _ in range(ROUNDS):
            lane = fresh_lane(stack.kafka)
            fill(lane)
            plain_rates.append(asyncio.run(with_plain_loop(lane)))
            stage_rates.append(with_stage(lane))
    rows = [
        (number + 1, plain, stage, stage / plain)
        for number, (plain, stage) in enumerate(zip(plain_rates, stage_rates, strict=True))
    ]
    show(
        f"{COUNT:,} events of 1 KB, records a second, start and stop included",
        ("round", "plain aiokafka loop", "exactly-once stage", "ratio"),
        rows,
    )
    finish(
        "stage",
        {"exactly_once_vs_plain": statistics.median(stage_rates) / statistics.median(plain_rates)},
    )


if __name__ == "__main__":
    main()
