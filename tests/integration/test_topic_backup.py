"""The two lines of docs/operations.md that keep a topic as a file and put it back, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer
from deploy.local.java import ROOT

from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.client import producer_config
from brevity.common.kafka.topics import TOPICS
from brevity.common.settings import KafkaSettings
from tests.support.stack import Stack
from tests.support.topics import read

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(shutil.which("kcat") is None, reason="needs kcat (apt install kcat)"),
]

KEPT = "feedback.recorded"


def command(begins: str) -> str:
    """The one line of the page that begins so."""
    [line] = re.findall(rf"^{begins} .*$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    return line


def run(line: str, topic: str, kafka: KafkaSettings, folder: Path) -> None:
    assert KEPT in line
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace(KEPT, topic)],
        cwd=folder,
        env={**os.environ, "BREVITY_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def fill(kafka: KafkaSettings, topic: str) -> None:
    """Records with headers, two of them erased, and one of a transaction that was taken back."""
    producer = Producer({**producer_config(kafka), "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    for number in range(40):
        said = json.dumps({"comment": f"one\tof {number}\n日本語 é"}, ensure_ascii=False)
        producer.produce(topic, key=f"fb-{number}".encode(), value=said, headers=[("ce_id", b"x")])
    for number in (3, 7):
        producer.produce(topic, key=f"fb-{number}".encode(), value=None)
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, key=b"fb-3", value="taken back")
    producer.flush(30)
    producer.abort_transaction(30)


def standing(kafka: KafkaSettings, topic: str) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    """Keys and values of each partition, in order."""
    found: dict[int, list[tuple[bytes | None, bytes | None]]] = {}
    for message in read(kafka, topic):
        found.setdefault(message.partition() or 0, []).append((message.key(), message.value()))
    return found


def test_a_topic_comes_back_from_its_file_with_its_order_and_its_tombstones(
    stack: Stack, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex[:8]
    declared = next(topic for topic in TOPICS if topic.name == KEPT)
    lost, again = (replace(declared, name=f"{which}-{name}") for which in ("lost", "again"))
    apply_topics(stack.kafka, [lost, again])
    fill(stack.kafka, lost.name)
    before = standing(stack.kafka, lost.name)
    assert len(before) == declared.partitions
    assert sum(value is None for records in before.values() for _, value in records) == 2

    run(command("kcat"), lost.name, stack.kafka, tmp_path)
    run(command("zcat"), again.name, stack.kafka, tmp_path)

    assert standing(stack.kafka, again.name) == before
