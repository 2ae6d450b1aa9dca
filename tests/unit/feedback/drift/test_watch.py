"""Monitors over events: whose, of which version, from which event, and each once."""

from __future__ import annotations

import json

import numpy as np
import pytest

from brevity.common.errors import Fatal
from brevity.feedback.drift import (
    Alarm,
    DriftSettings,
    Monitors,
    Peak,
    PointKey,
    ReferenceDocument,
    Watch,
    measure,
)
from brevity.feedback.drift.watch import BESIDE, IN_SERVICE
from tests.unit.feedback.drift.observing import at, document, rating, summary

QUICK = DriftSettings(
    mean_between_false_alarms=20_000,
    lexicon_documents=60,
    baseline=80,
    group_baseline=80,
    quiet=100,
    max_groups=3,
)
PORT = "The harbour master closed the northern pier because the storm had moved a great many stones. "
CLINIC = "Patient: 3 mg at 8, BP 140/90, HR 72. OK? No. "


def rated(watch: Watch, share: float, numbers: range, **changes: str) -> list[Alarm]:
    draw = np.random.default_rng(numbers.start + 1)
    return [
        alarm
        for number in numbers
        for alarm in watch.feedback(rating(number, bool(draw.random() < share), **changes))
    ]


def watching() -> Watch:
    watch = Watch(QUICK)
    watch.summary(summary(-1))
    return watch


def texts(kind: str, numbers: range) -> list[tuple[int, str]]:
    draw = np.random.default_rng(numbers.start + 3)
    words = kind.split()
    return [(n, " ".join(draw.choice(words, size=draw.integers(30, 90)))) for n in numbers]


def test_a_change_of_domain_is_found_and_says_where() -> None:
    watch = watching()
    calm = [a for n, text in texts(PORT, range(300)) for a in watch.document(document(n, text), text)]
    found = [a for n, text in texts(CLINIC, range(300, 500)) for a in watch.document(document(n, text), text)]
    assert calm == []
    assert {alarm.tenant for alarm in found} == {None, "first"}
    event = found[0].event()
    assert event.monitor.startswith("input.")
    assert event.model_version == "m-1"
    assert event.statistic >= event.threshold == 20_000
    assert event.current.count >= 1
    assert set(event.sample_document_ids) <= {f"d-{n}" for n in range(250, 500)}
    assert found[0].drift_id == event.drift_id


def test_a_fall_of_ratings_in_one_tenant_names_that_tenant_and_not_its_neighbour() -> None:
    watch = watching()
    for start in range(0, 300, 100):
        assert rated(watch, 0.9, range(start, start + 100), tenant="first") == []
        assert rated(watch, 0.9, range(1_000 + start, 1_100 + start), tenant="second") == []
    found: list[Alarm] = []
    for start in range(300, 600, 50):
        found += rated(watch, 0.3, range(start, start + 50), tenant="first")
        found += rated(watch, 0.9, range(1_000 + start, 1_050 + start), tenant="second")
    tenants = {alarm.tenant for alarm in found}
    assert "first" in tenants
    assert "second" not in tenants
    assert all(alarm.event().effect < 0 for alarm in found)  # type: ignore[operator]


def test_a_tenant_with_little_data_is_not_watched_on_its_own() -> None:
    watch = watching()
    assert rated(watch, 1.0, range(40), tenant="small") == []
    assert rated(watch, 0.0, range(40, 75), tenant="small") == []


def test_groups_are_bounded_and_the_one_unseen_for_longest_goes() -> None:
    monitors = Monitors("m-1", QUICK)
    for number, tenant in enumerate(["a", "b", "c", "a", "d"]):
        monitors.observe_feedback(rating(number, True, tenant=tenant))
    kept = {group[1] for group in json.loads(monitors.to_json())["groups"]}
    assert kept == {"a", "c", "d"}


def test_an_event_delivered_twice_counts_once() -> None:
    once, twice = watching(), watching()
    draw = np.random.default_rng(21)
    for number in range(250):
        event = rating(number, bool(draw.random() < 0.8))
        text = f"{PORT}{number}"
        for watch, times in ((once, 1), (twice, 2)):
            for _ in range(times):
                watch.feedback(event)
                watch.document(document(number, text), text)
                watch.summary(summary(number, warnings=number % 3))
    assert once.to_json() == twice.to_json()


def test_equal_ids_of_two_tenants_are_two_events() -> None:
    watch = watching()
    for tenant in ("first", "second"):
        watch.feedback(rating(1, True, tenant=tenant))
    groups = json.loads(json.loads(watch.to_json())["monitors"])["groups"]
    assert {(family, tenant) for family, tenant, *_ in groups} >= {("rating", "first"), ("rating", "second")}


def test_a_watch_restored_in_the_middle_raises_the_same_alarms_under_the_same_ids() -> None:
    def run(cuts: set[int]) -> tuple[list[str], str]:
        watch = watching()
        draw = np.random.default_rng(22)
        found: list[str] = []
        for number in range(500):
            if number in cuts:
                watch = Watch.from_json(watch.to_json(), QUICK)
            text = f"{PORT if number < 300 else CLINIC}{number}"
            found += [a.drift_id for a in watch.document(document(number, text), text)]
            up = bool(draw.random() < (0.95 if number < 300 else 0.4))
            found += [a.drift_id for a in watch.feedback(rating(number, up))]
        return found, watch.to_json()

    whole = run(set())
    assert whole[0]
    assert run({0, 77, 299, 310, 420}) == whole


def test_another_version_is_watched_once_it_alone_writes_summaries() -> None:
    watch = watching()
    for number in range(3 * IN_SERVICE):  # a trial beside the version in service
        watch.summary(summary(number, model_version="m-1" if number % 10 == 0 else "m-2"))
    assert watch.model_version == "m-1"
    for number in range(1_000, 1_000 + IN_SERVICE + 10):
        watch.summary(summary(number, model_version="m-2"))
    assert watch.model_version == "m-2"


def test_a_version_that_is_rated_worse_than_the_one_before_is_found_by_its_own_ratings() -> None:
    watch = watching()
    assert rated(watch, 0.9, range(300)) == []
    for number in range(1_000, 1_000 + IN_SERVICE):
        watch.summary(summary(number, model_version="m-2"))
    found = rated(watch, 0.4, range(2_000, 2_150), model_version="m-2")
    assert {alarm.model_version for alarm in found} == {"m-2"}


def test_ratings_of_another_version_say_nothing() -> None:
    watch = watching()
    rated(watch, 0.95, range(300))
    assert rated(watch, 0.0, range(300, 600), model_version="m-0") == []


def test_evidence_is_a_share_of_the_threshold() -> None:
    watch = watching()
    rated(watch, 0.9, range(200))
    calm = watch.evidence()["rating"]
    rated(watch, 0.0, range(200, 206))
    assert 0 <= calm < watch.evidence()["rating"] < 1


@pytest.mark.parametrize("broken", ['{"version": 0}', "{}"])
def test_a_state_of_another_form_is_refused_with_a_remedy(broken: str) -> None:
    with pytest.raises(Fatal) as refused:
        Watch.from_json(broken)
    assert "Delete" in refused.value.remedy


def test_a_canary_is_watched_beside_the_version_in_service_and_found_by_its_own_ratings() -> None:
    watch = watching()
    assert rated(watch, 0.9, range(300)) == []
    for number in range(1_000, 1_000 + 5 * IN_SERVICE):  # one summary in five is the canary's
        watch.summary(summary(number, model_version="m-2" if number % 5 == 0 else "m-1"))
    assert (watch.model_version, watch.beside) == ("m-1", ("m-2",))
    assert rated(watch, 0.9, range(2_000, 2_200)) == []
    found = rated(watch, 0.4, range(3_000, 3_150), model_version="m-2")
    assert {alarm.model_version for alarm in found} == {"m-2"}
    # Once it alone writes, it is the one in service, and goes on from where its tests stood.
    counted = dict(Watch.from_json(watch.to_json(), QUICK)._beside)["m-2"].to_json()
    for number in range(4_000, 4_000 + IN_SERVICE):
        watch.summary(summary(number, model_version="m-2"))
    assert (watch.model_version, watch.beside) == ("m-2", ())
    ranks = json.loads(counted)["overall"]["rating"]["ranks"]
    assert json.loads(json.loads(watch.to_json())["monitors"])["overall"]["rating"]["ranks"] == ranks


def test_versions_beside_are_bounded() -> None:
    watch = watching()
    for number in range((BESIDE + 2) * IN_SERVICE):
        version = f"m-{2 + number // IN_SERVICE}"
        watch.summary(summary(2 * number, model_version=version))
        watch.summary(summary(2 * number + 1))
    assert watch.beside == tuple(f"m-{number}" for number in range(4, 4 + BESIDE))


def trained(kind: str, count: int) -> list[ReferenceDocument]:
    return [
        ReferenceDocument(f"t-{n}", "", "en", at(0), measure(text, words=len(text.split())))
        for n, text in texts(kind, range(10_000, 10_000 + count))
    ]


def test_documents_are_compared_with_the_training_window_from_the_first_on() -> None:
    watch = watching()
    assert watch.reference_wanted == "m-1"
    watch.refer(trained(PORT, 150))
    assert (watch.reference_wanted, watch.trained_documents) == (None, 150)
    found = [a for n, text in texts(CLINIC, range(100)) for a in watch.document(document(n, text), text)]
    [alarm] = found  # over all documents; the tenant's own first ones are what it is used to
    assert (alarm.tenant, alarm.monitor.split(".")[0]) == (None, "input")
    usual = watching()
    usual.refer(trained(PORT, 150))
    assert [a for n, text in texts(PORT, range(200)) for a in usual.document(document(n, text), text)] == []


def test_a_training_window_too_small_or_unknown_leaves_the_first_documents_as_reference() -> None:
    for known in ([], trained(PORT, QUICK.lexicon_documents + QUICK.baseline - 1)):
        watch = watching()
        watch.refer(known)
        assert (watch.reference_wanted, watch.trained_documents) == (None, 0)
        found = [a for n, text in texts(CLINIC, range(300)) for a in watch.document(document(n, text), text)]
        assert found == []


def test_each_hour_of_a_test_has_one_point_and_none_is_lost_or_counted_twice_over_a_restart() -> None:
    def run(cut: int | None) -> dict[PointKey, Peak]:
        watch, kept = watching(), dict[PointKey, Peak]()
        for number in range(400):
            if number == cut:
                watch = Watch.from_json(watch.to_json(), QUICK)
            watch.feedback(rating(number, number % 9 != 0))
            if number % 30 == 0:
                kept |= {key: point for _, key, point in watch.points()}
                watch.points_kept()
        return kept | {key: point for _, key, point in watch.points()}

    points = run(None)
    overall = [point for key, point in points.items() if not key.tenant]
    assert sum(point.count for point in overall) == 400 - QUICK.baseline
    assert [key.hour for key in points if not key.tenant] == [at(60 * hour) for hour in range(1, 7)]
    assert all(0 <= point.evidence < 1 for point in overall)
    assert run(205) == points


@pytest.mark.parametrize("presses", [27, 500])
def test_one_reviewer_counts_once_for_a_summary_however_often_the_thumb_is_pressed(presses: int) -> None:
    watch = watching()
    assert rated(watch, 0.9, range(200)) == []
    once = watch.evidence()["rating"]
    alarms: list[Alarm] = []
    for number in range(1_000, 1_000 + presses):
        vote = rating(number, False, summary_id="s-1", reviewer="angry")
        alarms += watch.feedback(vote)
        if number == 1_000:
            once = watch.evidence()["rating"]
        if number == 1_010:
            watch = Watch.from_json(watch.to_json(), QUICK)
    assert alarms == []
    assert rated(watch, 1.0, range(5_000, 5_001)) == []
    assert watch.evidence()["rating"] <= once


def test_as_many_votes_on_as_many_summaries_do_count() -> None:
    watch = watching()
    rated(watch, 0.9, range(200))
    found = [a for n in range(1_000, 1_200) for a in watch.feedback(rating(n, False, reviewer="angry"))]
    assert found


def test_a_rating_and_a_correction_of_one_summary_are_two_votes() -> None:
    watch = watching()
    rated(watch, 0.9, range(200))
    before = watch.to_json()
    watch.feedback(rating(900, True, summary_id="s-1", rating=None, edit_distance=0.4))
    assert json.loads(json.loads(watch.to_json())["monitors"]) != json.loads(json.loads(before)["monitors"])
