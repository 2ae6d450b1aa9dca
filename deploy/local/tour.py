"""The first minute: submit the bundled documents and show their summaries as they arrive."""

from __future__ import annotations

import json
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from brevity.common.cli.terminal import Terminal, plain
from brevity.common.kafka.client import base_config, producer_config
from brevity.common.settings import KafkaSettings

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents.jsonl"
OUTCOMES = ("summaries.completed", "summaries.failed", "documents.rejected")
WORDS = 40


def submit_samples(kafka: KafkaSettings) -> set[str]:
    """Write the bundled documents to `documents.submitted`; returns their ids.

    Submitting them again is harmless: the same document sent twice is summarized once.
    """
    producer: Any = Producer(producer_config(kafka))
    names: set[str] = set()
    for line in SAMPLES.read_text().splitlines():
        document = json.loads(line)
        document["summary"] = {"words": WORDS}
        names.add(document["document_id"])
        producer.produce("documents.submitted", key=document["document_id"], value=json.dumps(document))
    unsent = producer.flush(30)
    if unsent:
        raise TimeoutError(f"{unsent} documents could not be written to Kafka within 30 s")
    return names


def outcomes(kafka: KafkaSettings, names: set[str], seconds: float) -> Iterator[dict[str, Any]]:
    """The event that each document ends in, as it becomes visible; ends early when no more come for `seconds`."""
    consumer: Any = Consumer(
        {
            **base_config(kafka),
            "group.id": f"brevity.tour.{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe(list(OUTCOMES))
    missing = set(names)
    deadline = time.monotonic() + seconds
    try:
        while missing and time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None or message.error() is not None or not message.value():
                continue  # nothing, or an erased document
            event = json.loads(message.value())
            if event.get("document_id") in missing:
                missing.discard(event["document_id"])
                deadline = time.monotonic() + seconds
                yield event
    finally:
        consumer.close()


def show(kafka: KafkaSettings, console: Terminal) -> float | None:
    """Submit, show a progress bar and each summary, then a table; returns the seconds to the first summary."""
    began = time.monotonic()
    names = submit_samples(kafka)
    first: float | None = None
    events: list[dict[str, Any]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("summaries", total=len(names))
        for event in outcomes(kafka, names, 60.0):
            first = first if first is not None else time.monotonic() - began
            events.append(event)
            progress.advance(task)
            text = event.get("summary") or f"{event['code']}: {event['message']}"
            short = textwrap.shorten(text.replace("\n", " "), 150)
            progress.console.print(Text.assemble((plain(event["document_id"]), "bold"), " ", plain(short)))
    console.print(_table(events))
    if len(events) < len(names):
        console.print(f"{len(names) - len(events)} documents have no outcome yet; see the logs", style="red")
    return first


def _table(events: list[dict[str, Any]]) -> Table:
    engines = sorted({event["model_version"] for event in events if "summary" in event})
    table = Table(
        Column("document", no_wrap=True),
        "language",
        Column("words", justify="right"),
        Column("to", justify="right"),
        Column("support", justify="right"),
        "warnings",
        box=SIMPLE_HEAD,
        title=f"summaries by {', '.join(engines)}" if engines else None,
        title_justify="left",
    )
    for event in sorted(events, key=lambda event: event["document_id"]):
        if "summary" not in event:
            table.add_row(event["document_id"], "", "", "", "", event["code"])
            continue
        sentences = event["sentences"]
        support = min((sentence["support"] for sentence in sentences), default=0.0)
        table.add_row(
            event["document_id"],
            event["language"],
            str(event["usage"]["source_words"]),
            str(event["usage"]["summary_words"]),
            f"{support:.0%}",
            ", ".join(sorted({warning["code"] for warning in event.get("warnings", [])})),
        )
    return table
