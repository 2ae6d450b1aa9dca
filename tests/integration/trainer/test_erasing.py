"""Erasing a text from what is trained on: sources, versions, frozen sets; and naming the models that learned it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from deploy.local.tracking import MlflowServer

from brevity.common.errors import Rejected
from brevity.common.ids import content_hash
from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from brevity.trainer.erasing import Erasure, erase_text
from brevity.trainer.registry import Registry
from tests.support.samples import sample_texts
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


class World:
    def __init__(self, stack: Stack, mlflow: str) -> None:
        self.bucket = Bucket(stack.s3.model_copy(update={"bucket": f"data-{uuid.uuid4().hex[:8]}"}))
        self.bucket.ensure()
        self.sources, self.versions = Sources(self.bucket), Versions(self.bucket)
        self.registry = Registry(mlflow, self.bucket)
        self.model = f"m-{uuid.uuid4().hex[:8]}"
        self.texts = [f"{self.model}. {text}" for text in sample_texts()[:6]]
        rows = [{"text": text, "summary": "What it says."} for text in self.texts]
        self.sources.add("set", "".join(json.dumps(row) + "\n" for row in rows).encode())

    def assemble(self) -> str:
        return self.sources.assemble(DatasetSpec(), self.versions, self.model)["version"]

    def trained_on(self, data_version: str) -> str:
        made = self.registry.register(
            self.model,
            "extractive",
            DEFAULT_MODEL,
            run_id=None,
            job_id=uuid.uuid4().hex,
            data_version=data_version,
        )
        return f"{made.model} {made.version} ({made.model_version})"

    def erase(self, text: str) -> Erasure:
        return erase_text(content_hash(text.encode()), self.sources, self.versions, self.registry)

    def stored(self) -> list[bytes]:
        """Every object that training data lie in, unpacked enough to look for a text."""
        found = [row.text.encode() for version in self.versions.list() for row in self.versions.rows(version)]
        return found + [row.text.encode() for row in self.sources._source("set")]


@pytest.fixture
def world(stack: Stack, mlflow_server: MlflowServer) -> World:
    return World(stack, f"http://{mlflow_server.address}")


def test_the_text_is_gone_the_rest_is_there_and_the_models_that_learned_it_are_named(
    world: World, tmp_path: Path
) -> None:
    version = world.assemble()
    learned = world.trained_on(version)
    text, *others = world.texts
    erased = world.erase(text)
    [(gone, rest)] = erased.versions.items()
    assert gone == version
    assert rest is not None
    assert erased.sources == ["set"]
    assert erased.models == [learned]
    assert {row.text for row in world.versions.rows(rest)} == set(others)
    assert text.encode() not in world.stored()
    with pytest.raises(Rejected, match=f"erased_version.*{rest}"):
        world.versions.checkout(version, tmp_path)
    assert world.bucket.list(f"datasets/{version}/") == [f"datasets/{version}/erased.json"]
    assert len(world.bucket.list("dvc/")) == 1, "only the bytes of the rest"


def test_erasing_again_says_the_same_and_an_unknown_text_changes_nothing(world: World) -> None:
    version = world.assemble()
    world.trained_on(version)
    before = world.stored()
    assert world.erase("A text that nobody has.").versions == {}
    assert world.stored() == before
    first = world.erase(world.texts[0])
    again = world.erase(world.texts[0])
    assert (again.versions, again.models) == (first.versions, first.models)
    assert again.sources == []


def test_what_a_crash_left_half_done_is_finished(world: World) -> None:
    version = world.assemble()
    digest = content_hash(world.texts[0].encode())
    rest = world.versions.save([r for r in world.versions.rows(version) if r.content_hash != digest])
    note = {"text": digest, "rest": rest["version"]}
    world.bucket.put(f"datasets/{version}/erased.json", json.dumps(note).encode(), "application/json")
    world.bucket.delete(f"datasets/{version}/card.json")  # and then it died
    assert world.erase(world.texts[0]).versions == {version: rest["version"]}
    assert len(world.bucket.list("dvc/")) == 1


def test_a_model_of_a_version_that_was_erased_for_another_text_is_named_too(world: World) -> None:
    learned = world.trained_on(world.assemble())
    world.erase(world.texts[0])
    assert world.erase(world.texts[1]).models == [learned]


def test_a_frozen_evaluation_set_goes_on_without_the_text(world: World) -> None:
    version = world.assemble()
    world.versions.freeze(world.model, world.versions.rows(version))
    frozen = world.versions.frozen(world.model)
    assert frozen is not None
    world.erase(world.texts[0])
    left = world.versions.frozen(world.model)
    assert left is not None
    assert left != frozen
    assert len(world.versions.rows(left)) == len(world.texts) - 1
