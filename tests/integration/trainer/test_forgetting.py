"""`brevity forget` with a trainer: the text leaves the training data, and the models that learned it are named."""

from __future__ import annotations

import json
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from brevity.common.events import encode
from brevity.common.kafka.client import producer_config
from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from brevity.trainer.registry import Registry
from tests.support.feedback import accepted
from tests.support.ingest_view import ingest_view
from tests.support.trainer_service import TrainerService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

RIVER = "The river rose over its banks on Monday and the lower town was cleared by evening."


def test_forgetting_reaches_training_data_and_says_who_learned_it(
    trainer: TrainerService, tmp_path: Path
) -> None:
    name = f"forget-{uuid.uuid4().hex[:8]}"
    text = f"{name}. A storm has closed the harbour until Friday, the council said."
    bucket = Bucket(trainer.s3)
    bucket.ensure()
    versions = Versions(bucket)
    rows = [{"text": text, "summary": "A storm."}, {"text": RIVER, "summary": "A flood."}]
    sources = Sources(bucket)
    sources.add("town", "".join(json.dumps(row) + "\n" for row in rows).encode())
    version = sources.assemble(DatasetSpec(), versions, "m")["version"]
    made = Registry(trainer.mlflow_url, bucket).register(
        f"m-{name}", "extractive", DEFAULT_MODEL, run_id=None, job_id=name, data_version=version
    )
    producer: Any = Producer(producer_config(trainer.stack.kafka))
    out = encode(accepted(name, text=text), source="test", time=datetime.now(UTC))
    producer.produce(out.topic, key=out.key, value=out.value, headers=list(out.headers))
    assert producer.flush(20) == 0

    asks = {"BREVITY_FEEDBACK_TRAINER_URL": f"http://127.0.0.1:{trainer.port}"}
    away = forget(trainer, name, asks)
    assert away.returncode == 3, away.stderr
    assert "the trainer does not erase its training data" in away.stderr.replace("\n", " ")
    assert versions.list() == [version], "nothing was erased yet"

    with trainer.running(), ingest_view(trainer.stack.kafka, trainer.mongo):
        done = forget(trainer, name, asks)
    assert done.returncode == 0, done.stderr
    proof = json.loads(done.stdout)
    [(gone, rest)] = proof["training"]["versions"].items()
    assert gone == version
    assert [row.text for row in versions.rows(rest)] == [RIVER]
    assert proof["training"]["sources"] == ["town"]
    assert proof["training"]["models"] == [f"m-{name} {made.version} ({made.model_version})"]
    assert not any("no trainer was asked" in line for line in proof["not_covered"])

    with ingest_view(trainer.stack.kafka, trainer.mongo):
        alone = json.loads(forget(trainer, name, {}).stdout)
    assert alone["training"] is None
    assert any("no trainer was asked" in line for line in alone["not_covered"])


def forget(trainer: TrainerService, name: str, extra: dict[str, str]) -> subprocess.CompletedProcess[str]:
    arguments = ["forget", name, "--tenant", "first", "--yes", "--json"]
    return trainer.brevity(*arguments, extra=extra)
