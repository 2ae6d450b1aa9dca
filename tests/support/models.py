"""Model versions made of the bundled one: other bytes, so another version, and if wanted another taste."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from brevity.common.events import ModelPromoted, ObjectRef, encode
from brevity.common.ids import content_hash
from brevity.common.settings import KafkaSettings
from brevity.common.storage.objects import ObjectStore
from brevity.nlp.extractive import DEFAULT_MODEL

NAME = "brevity-extractive"


@cache
def _bundled() -> dict[str, Any]:
    return json.loads(DEFAULT_MODEL.read_text("utf-8"))


def model_bytes(note: str, *, taste: float = 1.0) -> bytes:
    """A model whose file holds `note`; with `taste` -1 it prefers the sentences that the bundled one likes least."""
    model = dict(_bundled())
    trees = dict(model["trees"])
    trees["value"] = [taste * value for value in trees["value"]]
    return json.dumps({**model, "trees": trees, "note": note}).encode()


def model_file(folder: Path, data: bytes) -> Path:
    path = folder / "model.json"
    path.write_bytes(data)
    return path


@dataclass(frozen=True, slots=True)
class Version:
    """A model in the object store, and how summaries name it."""

    version: str
    artifact: ObjectRef
    model_version: str


def put_version(store: ObjectStore, version: str, data: bytes) -> Version:
    key = f"models/{NAME}/{version}/model.json"
    store.put(key, data, content_type="application/json")
    digest = content_hash(data)
    reference = ObjectRef(uri=f"s3://{store.bucket}/{key}", sha256=digest, size_bytes=len(data))
    return Version(version, reference, f"extractive-{digest[:12]}")


def promotion(new: Version, old: Version | None = None, **fields: Any) -> ModelPromoted:
    """The event that brings `new` into service after `old`, or after the bundled model."""
    return ModelPromoted.model_validate(
        {
            "engine": "extractive",
            "model": NAME,
            "version": new.version,
            "uri": new.artifact.uri,
            "previous_version": old.version if old else None,
            "reason": "a test wants it",
            "promoted_at": datetime.now(UTC),
            "artifact": new.artifact,
            "model_version": new.model_version,
            "previous_artifact": old.artifact if old else None,
            "previous_model_version": old.model_version if old else None,
            **fields,
        }
    )


def promote(kafka: KafkaSettings, event: ModelPromoted) -> ModelPromoted:
    """Write `event` to its topic and wait until the broker has it."""
    from confluent_kafka import Producer

    record = encode(event, source="trainer", time=event.promoted_at)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(record.topic, key=record.key, value=record.value, headers=list(record.headers))
    assert producer.flush(20) == 0
    return event
