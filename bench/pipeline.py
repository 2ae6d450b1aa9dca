"""The whole pipeline, topic to topic, against the bare engine in one process, on the same documents.

The pipeline is Kafka, the stores, ingest, the stage and one Ray Serve replica, each a process of its own on this
machine; it is up and has warmed up when the clock starts. The clock runs from the first submission to the last
summary seen by a read_committed reader. The peer is the engine called in a loop with nothing around it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from deploy.local.java import free_port
from deploy.local.ports import Ports
from deploy.local.services import Service, services
from tests.support.stack import Stack, fresh_stack

from bench.corpus import documents
from bench.report import QUICK, finish, show
from brevity.common.kafka.client import producer_config
from brevity.nlp.language import detect_language
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine

COUNT = 300 if QUICK else 1_500
ROUNDS = 2 if QUICK else 3
WORDS = 80


def with_engine(texts: list[str]) -> float:
    """Documents a second of the engine alone, in batches as a replica gets them."""
    engine = load_engine("extractive")
    jobs = [Job(text=text, language="en", words=WORDS) for text in texts]
    engine.summarize(jobs[:8])
    began = time.perf_counter()
    for first in range(0, len(jobs), 32):
        engine.summarize(jobs[first : first + 32])
    return len(jobs) / (time.perf_counter() - began)


def with_pipeline(stack: Stack, texts: list[str], name: str) -> float:
    """Documents a second from topic to topic."""
    reader: Any = Consumer(
        {
            "bootstrap.servers": stack.kafka.bootstrap_servers,
            "group.id": name,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
        }
    )
    reader.subscribe(["summaries.completed", "summaries.failed", "documents.rejected"])
    producer: Any = Producer(producer_config(stack.kafka))
    began = time.perf_counter()
    for number, text in enumerate(texts):
        event = {"document_id": f"{name}-{number}", "text": text, "summary": {"words": WORDS}}
        producer.produce("documents.submitted", key=event["document_id"], value=json.dumps(event))
        producer.poll(0)
    producer.flush(30)
    missing = {f"{name}-{number}" for number in range(len(texts))}
    deadline = time.monotonic() + 240
    while missing:
        assert time.monotonic() < deadline, f"{len(missing)} documents have no summary"
        for message in reader.consume(500, 0.05):
            if message.error() is None:
                assert message.topic() == "summaries.completed", message.value()[:300]
                missing.discard(message.key().decode())
    seconds = time.perf_counter() - began
    reader.close()
    return len(texts) / seconds


def main() -> None:
    origin, texts = documents(COUNT)
    mean_words = statistics.mean(count_words(text) for text in texts[:200])
    assert detect_language(texts[0]).tag == "en"
    bare: list[float] = []
    whole: list[float] = []
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        ports = Ports(*(free_port() for _ in Ports.__slots__))
        running = [
            service
            for service in services(stack.environ(), ports, Path(folder) / "logs")
            if service.name != "feedback"
        ]
        try:
            _start(running)
            with_pipeline(stack, [f"Warm up.\n{text}" for text in texts[:64]], "warm")
            for number in range(ROUNDS):
                bare.append(with_engine(texts))
                fresh = [f"Round {number}.\n{text}" for text in texts]
                whole.append(with_pipeline(stack, fresh, f"round-{number}"))
        finally:
            for service in reversed(running):
                service.stop()
    show(
        f"{COUNT:,} {origin} of {mean_words:,.0f} words on average, documents a second",
        ("round", "engine alone", "pipeline", "ratio"),
        [(n + 1, b, w, w / b) for n, (b, w) in enumerate(zip(bare, whole, strict=True))],
    )
    finish("pipeline", {"pipeline_vs_engine": statistics.median(whole) / statistics.median(bare)})


def _start(running: list[Service]) -> None:
    for service in running:
        service.start()
    for service in running:
        service.wait_ready()


if __name__ == "__main__":
    main()
