"""Promotions in the real registry, store and topic: neither a promotion without its event nor the other way round."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from deploy.local.tracking import MlflowServer
from mlflow import MlflowClient
from prometheus_client import CollectorRegistry

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import ModelPromoted, TrainingStatus
from brevity.common.ids import content_hash
from brevity.common.kafka.producer import AcknowledgedProducer, Placed
from brevity.common.kafka.record import OutRecord
from brevity.trainer.champions import Champions
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.mongo import Store
from brevity.trainer.promotion import Promotions, ensure_first
from brevity.trainer.registry import Registry, Version
from tests.support.stack import Stack
from tests.support.topics import read_json
from tests.support.trainer import fresh_store

pytestmark = pytest.mark.stack


@dataclass
class World:
    stack: Stack
    store: Store
    registry: Registry
    promotions: Promotions
    model: str
    folder: Path
    mlflow: str

    def version(self, content: str) -> Version:
        return self.registry.register(
            self.model, "extractive", self.file(content), run_id=None, job_id=f"job-{content}"
        )

    def file(self, content: str) -> Path:
        path = self.folder / "registered"
        path.write_text(content)
        return path

    def promote(self, version: Version, **options: Any) -> ModelPromoted:
        return self.promotions.promote(version, reason="better", decided_by="gate", **options)

    def champion(self) -> str | None:
        found = self.registry.aliased(self.model, "champion")
        return found.version if found else None

    def published(self) -> list[dict[str, Any]]:
        events = read_json(self.stack.kafka, "models.promoted")
        return [event for event in events if event.get("model") == self.model]

    def breaking(
        self, registry: Registry | None = None, producer: AcknowledgedProducer | None = None
    ) -> Promotions:
        """The promotions of another process, which breaks where the given part breaks."""
        return Promotions(
            self.store,
            registry or self.registry,
            producer or AcknowledgedProducer(self.stack.kafka, TrainingStatus.topic),
            TrainerMetrics(CollectorRegistry()),
        )


@pytest.fixture
def world(stack: Stack, mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[World]:
    store = fresh_store(stack)
    registry = Registry(f"http://{mlflow_server.address}", Bucket(stack.s3))
    producer = AcknowledgedProducer(stack.kafka, TrainingStatus.topic)
    promotions = Promotions(store, registry, producer, TrainerMetrics(CollectorRegistry()))
    url = f"http://{mlflow_server.address}"
    yield World(stack, store, registry, promotions, f"model-{uuid.uuid4().hex[:8]}", tmp_path, url)
    store.close()


def test_a_promoted_version_is_the_champion_and_its_event_says_all_that_a_reader_needs(world: World) -> None:
    first, second = world.version("one"), world.version("two")
    world.promote(first)
    world.promote(second, metrics={"rouge2_gain": 0.02, "other": 1.0}, evidence="a run")
    assert world.champion() == second.version
    stages = {v.version: v.stage for v in world.registry.versions(world.model)}
    assert stages == {first.version: "Archived", second.version: "Production"}
    last = ModelPromoted.model_validate(world.published()[-1])
    assert (last.version, last.previous_version, last.decided_by) == (second.version, first.version, "gate")
    assert last.artifact is not None
    assert last.artifact.sha256 == content_hash(b"two")
    assert last.artifact.uri.endswith(f"/models/{world.model}/{second.version}/model.json")
    assert Bucket(world.stack.s3).get(last.artifact.object_key) == b"two"
    assert last.model_version == f"extractive-{content_hash(b'two')[:12]}"
    assert last.previous_artifact == first.artifact
    assert last.metrics == {"rouge2_gain": 0.02}


def test_registering_again_after_a_crash_is_the_same_version(world: World) -> None:
    assert world.version("one") == world.version("one")
    assert len(world.registry.versions(world.model)) == 1


def test_the_same_decision_promotes_once(world: World) -> None:
    first = world.version("one")
    events = [world.promote(first, once=f"{world.model}-job") for _ in range(3)]
    assert len({event.promotion_id for event in events}) == 1
    assert len(world.published()) == 1


class Broken(AcknowledgedProducer):
    def send(self, records: Sequence[OutRecord]) -> list[Placed]:
        raise Unavailable("the process dies here", code="test")


class BrokenRegistry(Registry):
    def crown(self, version: Version, previous: Version | None) -> None:
        raise Unavailable("the process dies here", code="test")


@pytest.mark.parametrize("where", ["before the alias", "between alias and event", "after the event"])
def test_a_promotion_that_was_cut_off_is_finished_before_any_other(
    world: World, where: str, mlflow_server: MlflowServer
) -> None:
    first, second, third = (world.version(name) for name in ("one", "two", "three"))
    world.promote(first)
    broken = world.breaking(
        registry=BrokenRegistry(f"http://{mlflow_server.address}", Bucket(world.stack.s3))
        if where == "before the alias"
        else None,
        producer=Broken(world.stack.kafka, TrainingStatus.topic)
        if where == "between alias and event"
        else None,
    )
    if where == "after the event":
        broken.promote(second, reason="better", decided_by="gate")
        world.store.promotions.update_one(
            {"model": world.model, "sequence": 2}, {"$set": {"finished": False, "slot": world.model}}
        )
    else:
        with pytest.raises(Unavailable):
            broken.promote(second, reason="better", decided_by="gate")
    world.promote(third)  # by the process that comes after it
    versions = [event["version"] for event in world.published()]
    assert list(dict.fromkeys(versions)) == [first.version, second.version, third.version]
    ids = [ModelPromoted.model_validate(event).promotion_id for event in world.published()]
    assert len(set(ids)) == 3  # a repeat is the same decision to every reader
    times = [ModelPromoted.model_validate(event).promoted_at for event in world.published()]
    assert times == sorted(times)
    assert world.champion() == third.version
    assert world.store.promotions.count_documents({"finished": False}) == 0


def test_a_rollback_brings_back_the_version_before(world: World) -> None:
    first, second = world.version("one"), world.version("two")
    world.promote(first)
    with pytest.raises(Rejected, match="nothing_before"):
        world.promotions.before(world.model)
    world.promote(second)
    world.promote(world.promotions.before(world.model))
    assert world.champion() == first.version
    assert world.published()[-1]["previous_version"] == second.version
    assert [event.version for event in world.promotions.history(world.model)] == [
        first.version,
        second.version,
        first.version,
    ]


def test_the_engines_own_model_is_the_first_version_once(world: World) -> None:
    for _ in range(2):
        ensure_first(world.registry, world.promotions, world.model, "extractive", world.file("bundled"))
    assert world.champion() == "1"
    assert len(world.published()) == 1


def test_a_file_that_was_changed_behind_the_registry_is_not_read(world: World) -> None:
    first = world.version("one")
    place = world.folder / "read"
    assert world.registry.read(first, place).read_bytes() == b"one"
    place.unlink()
    for other in (b"two", b"something longer"):
        Bucket(world.stack.s3).put(first.artifact.object_key, other)
        with pytest.raises(Rejected, match="bad_artifact"):
            world.registry.read(first, place)
        assert [path.name for path in world.folder.iterdir()] == ["registered"]


def test_an_alias_changed_by_hand_is_no_promotion_and_is_set_back(world: World) -> None:
    first, second = world.version("1"), world.version("2")
    world.promote(first)
    world.promote(second)
    recorded = Registry(world.mlflow, Bucket(world.stack.s3), Champions(world.store).of)
    client = MlflowClient(world.mlflow)
    for change in ("deleted", "moved"):
        if change == "deleted":
            client.delete_registered_model_alias(world.model, "champion")
        else:
            client.set_registered_model_alias(world.model, "champion", first.version)
        # What the gate compares with and callers are shown is the trainer's own record, before anything is mended.
        champion = recorded.aliased(world.model, "champion")
        assert champion is not None
        assert champion.version == second.version
        by_record = world.promotions.champion(world.model)
        assert by_record is not None
        assert by_record.version == second.version
        ensure_first(recorded, world.promotions, world.model, "extractive", world.file("bundled"))
        world.promotions.restore()
        assert world.champion() == second.version
    assert [event["version"] for event in world.published()] == [first.version, second.version]
    world.promotions.restore()
    assert world.registry.version(world.model, second.version).stage == "Production"


def test_a_champion_that_was_deleted_from_the_registry_keeps_nobody_from_promoting(world: World) -> None:
    first, second = world.version("1"), world.version("2")
    world.promote(first)
    MlflowClient(world.mlflow).delete_model_version(world.model, first.version)
    assert world.promotions.champion(world.model) is None
    world.promotions.restore()
    world.promote(second)
    assert world.champion() == second.version
