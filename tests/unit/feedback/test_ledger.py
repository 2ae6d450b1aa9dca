"""Who was in production when, and what a recall means by a version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from brevity.common.errors import Rejected
from brevity.common.events import ModelPromoted, ModelServed, Rollout
from brevity.feedback.ledger.entries import Entry, entry_of, in_production
from brevity.feedback.ledger.recall import recalled

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def promoted(version: int, minutes: float, **fields: Any) -> ModelPromoted:
    return ModelPromoted.model_validate(
        {
            "engine": "extractive",
            "model": "extractive",
            "version": str(version),
            "model_version": f"extractive-{version}",
            "previous_version": str(version - 1),
            "previous_model_version": f"extractive-{version - 1}",
            "uri": f"models:/extractive/{version}",
            "reason": "better",
            "evidence": f"http://mlflow.example/runs/{version}",
            "decided_by": "gate",
            "promoted_at": at(minutes),
            **fields,
        }
    )


def served(
    promotion: ModelPromoted, state: str, minutes: float, process: str = "a/1", **fields: Any
) -> ModelServed:
    return ModelServed.model_validate(
        {
            "report_id": f"rep_{process}_{state}_{minutes}",
            "promotion_id": promotion.promotion_id,
            "engine": promotion.engine,
            "model": promotion.model,
            "version": promotion.version,
            "model_version": promotion.model_version,
            "state": state,
            "reason": promotion.reason,
            "evidence": promotion.evidence,
            "promoted_at": promotion.promoted_at,
            "process": process,
            "reported_at": at(minutes),
            **fields,
        }
    )


def entry(promotion: ModelPromoted, *reports: ModelServed) -> Entry:
    found = entry_of(promotion, reports)
    assert found is not None
    return found


def test_a_version_is_in_production_from_the_first_process_that_served_it() -> None:
    one, two = promoted(1, 0), promoted(2, 60)
    entries = [
        entry(one, served(one, "in_service", 1), served(one, "in_service", 3, "b/1")),
        entry(two, served(two, "in_service", 62)),
    ]
    assert in_production(entries, "extractive", at(0.5)) is None
    assert in_production(entries, "extractive", at(1)) == entries[0]
    assert in_production(entries, "extractive", at(61)) == entries[0]
    assert in_production(entries, "extractive", at(62)) == entries[1]
    assert in_production(entries, "seq2seq", at(62)) is None
    assert (entries[0].processes, entries[0].state) == (2, "in_service")


def test_a_refused_version_was_never_in_production_and_the_ledger_says_why() -> None:
    one, bad = promoted(1, 0), promoted(2, 10)
    refused = entry(
        bad, served(bad, "refused", 11, model_version=None, code="model_changed", message="other bytes")
    )
    entries = [entry(one, served(one, "in_service", 1)), refused]
    assert in_production(entries, "extractive", at(30)) == entries[0]
    assert refused.state == "refused"
    assert [(refusal.code, refusal.message) for refusal in refused.refusals] == [
        ("model_changed", "other bytes")
    ]


def test_a_process_that_starts_later_with_an_old_promotion_does_not_bring_it_back() -> None:
    one, two = promoted(1, 0), promoted(2, 10)
    entries = [
        entry(one, served(one, "in_service", 1)),
        entry(two, served(two, "in_service", 11), served(two, "in_service", 90, "b/2")),
    ]
    assert in_production(entries, "extractive", at(91)) == entries[1]


def test_a_promotion_that_was_compacted_away_is_known_from_its_reports() -> None:
    gone = promoted(3, 0)
    found = entry_of(None, [served(gone, "in_service", 1)])
    assert found is not None
    assert (found.version, found.reason, found.evidence) == ("3", "better", "http://mlflow.example/runs/3")
    assert found.promoted_at == at(0)
    assert entry_of(None, []) is None


def test_comparisons_of_a_shadow_are_added_up_by_documents() -> None:
    shadow = promoted(2, 0, rollout=Rollout(mode="shadow", share=1))
    parts = [
        {"documents": 30, "failed": 1, "identical_share": 0.5},
        {"documents": 10, "failed": 0, "identical_share": 0.9},
    ]
    found = entry(shadow, *(served(shadow, "compared", n, metrics=part) for n, part in enumerate(parts)))
    assert found.comparison == {
        "documents": 40, "failed": 1, "dropped": 0, "identical_share": pytest.approx(0.6),
    }  # fmt: skip
    assert found.state == "announced"


def three() -> list[Entry]:
    one, two, three = promoted(1, -30), promoted(2, -20), promoted(3, -10)
    return [
        entry(event, served(event, "in_service", -9 + number))
        for number, event in enumerate((one, two, three))
    ]


def test_a_recall_names_a_version_by_number_or_by_its_name_in_summaries() -> None:
    by_number, by_name = recalled("2", "extractive", three()), recalled("extractive-2", "extractive", three())
    assert by_number == by_name
    assert by_number.model_version == "extractive-2"
    assert recalled("extractive-0", "extractive", three()).model_version == "extractive-0"
    assert recalled("2", "extractive", three()[:2] + three()[2:]).name == by_number.name


def test_a_recall_after_another_promotion_is_another_recall() -> None:
    later = promoted(4, -5)
    entries = [*three(), entry(later, served(later, "in_service", -4))]
    assert recalled("2", "extractive", entries).name != recalled("2", "extractive", three()).name


@pytest.mark.parametrize(
    ("version", "code"), [("3", "in_service"), ("9", "not_found"), ("extractive-9", "not_found")]
)
def test_what_cannot_be_recalled_is_refused(version: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        recalled(version, "extractive", three())
    assert caught.value.code == code


def test_beside_a_canary_the_previous_version_is_in_service_too() -> None:
    canary = promoted(3, -10, rollout=Rollout(mode="canary", share=0.1))
    entries = [*three()[:2], entry(canary, served(canary, "in_service", -9))]
    for version in ("2", "3"):
        with pytest.raises(Rejected) as caught:
            recalled(version, "extractive", entries)
        assert caught.value.code == "in_service"
