"""Addresses of models, and what a promotion asks for."""

from __future__ import annotations

import pytest

from brevity.common.errors import Fatal
from brevity.common.events import ModelPromoted, ObjectRef, Rollout
from brevity.summarize.versions.address import engine_of, object_of
from brevity.summarize.versions.plan import OWN_MODEL, Plan, Source, plan_of, previous
from tests.support.models import Version, promotion

NEW = Version("3", ObjectRef(uri="s3://b/models/m/3/model.json", sha256="3" * 64), "extractive-333333333333")
OLD = Version("2", ObjectRef(uri="s3://b/models/m/2/model.json", sha256="2" * 64), "extractive-222222222222")


def test_a_model_is_named_by_its_address_in_the_object_store() -> None:
    assert object_of("extractive") is None
    assert object_of("extractive:/a/path") is None
    assert object_of("extractive:s3://b/m/model.json") == ObjectRef(uri="s3://b/m/model.json")
    assert object_of(f"extractive:s3://b/m.json#sha256={'a' * 64}") == ObjectRef(
        uri="s3://b/m.json", sha256="a" * 64
    )
    assert engine_of("extractive:s3://b/m.json") == "extractive"


@pytest.mark.parametrize(
    "wrong", ["s3://", "s3://b", "s3:///k", "s3://b/k#sha256=12", "s3://b/k#sha256=" + "G" * 64]
)
def test_an_address_that_names_no_object_is_refused(wrong: str) -> None:
    with pytest.raises(Fatal) as caught:
        object_of(f"extractive:{wrong}")
    assert caught.value.code == "bad_model_address"


def test_a_full_promotion_is_one_champion() -> None:
    assert plan_of(promotion(NEW, OLD)) == Plan(Source("3", NEW.artifact))
    assert plan_of(promotion(NEW, OLD)).newcomer.version == "3"


@pytest.mark.parametrize("mode", ["canary", "shadow"])
def test_a_rollout_keeps_the_previous_version_beside_the_new_one(mode: str) -> None:
    rollout = Rollout.model_validate({"mode": mode, "share": 0.1})
    plan = plan_of(promotion(NEW, OLD, rollout=rollout))
    assert plan == Plan(Source("2", OLD.artifact), Source("3", NEW.artifact), rollout)
    assert plan.newcomer.version == "3"


def test_without_a_previous_version_the_engines_own_model_is_meant() -> None:
    first = promotion(NEW, rollout=Rollout(mode="canary", share=0.5))
    assert plan_of(first).champion == OWN_MODEL
    assert previous(first) == OWN_MODEL
    assert plan_of(None) == Plan(OWN_MODEL)
    back = promotion(NEW, artifact=None, version="own", reason="rolled back")
    assert plan_of(back).champion.identity == OWN_MODEL.identity


def test_bytes_that_cannot_be_checked_are_not_served() -> None:
    unchecked = NEW.artifact.model_copy(update={"sha256": None})
    with pytest.raises(Fatal) as caught:
        plan_of(promotion(NEW, artifact=unchecked))
    assert caught.value.code == "model_unverified"


def test_one_decision_has_one_id_and_another_rollout_of_it_another() -> None:
    first = promotion(NEW, OLD)
    assert ModelPromoted.model_validate_json(first.to_json()).promotion_id == first.promotion_id
    wider = first.model_copy(update={"rollout": Rollout(mode="canary", share=0.5)})
    assert wider.promotion_id != first.promotion_id
