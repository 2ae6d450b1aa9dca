"""The models page's parts: reigns from the ledger, where they and intervals are drawn, and what the trainer's answers mean."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from brevity.common.errors import Rejected, Unavailable
from brevity.feedback.ledger.entries import Entry, entry_of, in_production
from brevity.feedback.ledger.timeline import WIDTH, reigns, timeline
from brevity.feedback.registry.door import RegistryDoor
from brevity.feedback.registry.intervals import axis
from brevity.feedback.registry.versions import Artifact, Evaluation, Gain, Rollout, Version, by_model
from brevity.feedback.web import model_words
from tests.unit.feedback.test_ledger import at, promoted, served


def entry(version: int, minutes: float, taken: float | None) -> Entry:
    promotion = promoted(version, minutes)
    found = entry_of(promotion, [] if taken is None else [served(promotion, "in_service", taken)])
    assert found is not None
    return found


def test_reigns_follow_each_other_and_agree_with_the_ledger_at_every_instant() -> None:
    # The second was taken up only after the third had been; the fourth by nobody.
    entries = [entry(2, 0, 1), entry(3, 10, 25), entry(4, 20, 21), entry(5, 30, None), entry(6, 40, 41)]
    found = reigns(entries, "extractive")
    assert [(r.entry.version, r.since, r.until) for r in found] == [
        ("2", at(1), at(21)),
        ("4", at(21), at(41)),
        ("6", at(41), None),
    ]
    for minute in range(60):
        now = in_production(entries, "extractive", at(minute))
        held = [r for r in found if r.since <= at(minute) and (r.until is None or at(minute) < r.until)]
        assert [r.entry for r in held] == ([now] if now else [])
    assert reigns(entries, "seq2seq") == []


def test_the_timeline_is_to_scale_and_nothing_is_too_narrow_to_be_seen() -> None:
    found = reigns([entry(2, 0, 0), entry(3, 50, 50), entry(4, 50.01, 50.01)], "extractive")
    drawn = timeline(found, at(100))
    assert [round(bar.x) for bar in drawn.bars] == [0, 500, 500]
    assert [round(bar.width) for bar in drawn.bars] == [500, 3, 500]
    assert all(bar.x + bar.width <= WIDTH + 0.1 for bar in drawn.bars if bar.width > 3)
    assert (drawn.marks[0].label, drawn.marks[-1].label) == ("12:00", "13:40")
    assert timeline([], at(0)).bars == ()
    just_now = timeline(reigns([entry(2, 0, 0)], "extractive"), at(0) - timedelta(seconds=5))
    assert [round(bar.width) for bar in just_now.bars] == [1000]


def test_intervals_share_a_round_axis_with_no_change_in_the_middle() -> None:
    gains = [
        Gain(mean=0.01, low=-0.02, high=0.047, documents=9),
        Gain(mean=0.0, low=None, high=None, documents=1),
    ]
    scale = axis(gains)
    assert scale.reach == pytest.approx(0.05)
    first = scale.of(gains[0])
    assert first is not None
    assert (round(first.low), round(first.mean), round(first.high)) == (30, 60, 97)
    assert scale.of(gains[1]) is None
    assert axis([]).reach > 0


def test_bounds_that_are_not_finite_are_told_as_unknown() -> None:
    told: dict[str, Any] = {
        "passes": False,
        "reason": "too few",
        "checks": {"quality": {"ok": False, "why": "…", "value": "-inf", "relation": ">", "bound": 0.0}},
        "gain": {"mean": 0.1, "low": "-inf", "high": "inf", "documents": 1},
        "of_another_release": 1,
    }
    found = Evaluation.model_validate(told)
    assert found.gain is not None
    assert (found.gain.low, found.checks["quality"].value) == (None, None)
    assert model_words.value("quality", None) == ""


def test_versions_are_listed_by_model_newest_first() -> None:
    def version(model: str, number: str) -> Version:
        artifact = Artifact(uri="s3://b/k")
        return Version(model=model, version=number, model_version="m", engine="e", artifact=artifact)

    found = by_model([version("b", "2"), version("a", "9"), version("b", "10")])
    assert {name: [v.version for v in members] for name, members in found.items()} == {
        "a": ["9"],
        "b": ["10", "2"],
    }


def test_a_rollout_has_a_share_of_its_own() -> None:
    assert Rollout(mode="full", percent=10).told() == {"mode": "full", "share": 1.0}
    assert Rollout(mode="canary", percent=5).told() == {"mode": "canary", "share": 0.05}
    with pytest.raises(ValidationError):
        Rollout(mode="canary", percent=0)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("documents", 147.0, "147"),
        ("quality", -0.0337, "-0.0337"),
        ("quality", 0.993, "99.3%"),
        ("variant", 0.993, "99.3%"),
        ("speed", 1.5, "1.50 ×"),
        ("size", 50_000_000.0, "50.0 MB"),
        ("size", 900.0, "900 B"),
        ("faithfulness", 0.98765, "0.988"),
    ],
)
def test_values_are_written_in_their_own_units(name: str, value: float, shown: str) -> None:
    assert model_words.value(name, value) == shown


@pytest.mark.parametrize("url", [None, "", "http://127.0.0.1:9"])
def test_a_trainer_that_is_away_or_not_set_up_is_told_apart(url: str | None) -> None:
    door = RegistryDoor(url)
    with pytest.raises(Unavailable if url else Rejected) as caught:
        asyncio.run(door.versions())
    assert caught.value.code == ("trainer_away" if url else "trainer_not_configured")
    assert "BREVITY_FEEDBACK_TRAINER_URL" in caught.value.remedy
    assert door.configured is bool(url)
