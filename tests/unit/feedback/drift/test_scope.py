"""When a scope speaks: on harm, of some size, that lasts, once; and what it says then."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from brevity.feedback.drift.measures import EDIT, INPUT, RATING, SUMMARY
from tests.unit.feedback.drift.observing import at, feed, scope


def ratings(share: float, count: int, seed: int) -> list[bool]:
    return list(np.random.default_rng(seed).random(count) < share)


def test_a_fall_of_ratings_is_found_and_an_equal_rise_is_not() -> None:
    fallen = feed(scope(RATING, 1_000), ratings(0.9, 400, 1) + ratings(0.6, 300, 2))
    assert fallen
    assert 400 <= fallen[0][0] < 700
    assert fallen[0][1].effect < 0  # negative means worse
    assert feed(scope(RATING, 1_000), ratings(0.6, 400, 3) + ratings(0.95, 600, 4)) == []


def test_fewer_edits_and_fewer_warnings_are_no_harm() -> None:
    draw = np.random.default_rng(5)
    assert feed(scope(EDIT, 1_000), [*draw.beta(5, 2, 300), *draw.beta(2, 9, 500)]) == []
    assert feed(scope(EDIT, 1_000), [*draw.beta(2, 9, 300), *draw.beta(5, 2, 500)]) != []
    calm = np.ones(300)
    warned = draw.poisson(1.0, 300)
    assert feed(scope(SUMMARY, 1_000), np.column_stack((warned, calm)).tolist() + [[0.0, 1.0]] * 500) == []
    found = feed(scope(SUMMARY, 1_000), [[0.0, 1.0]] * 300 + np.column_stack((warned, calm)).tolist())
    assert found
    assert found[0][1].statistic == "warnings"


def test_a_summary_length_that_moves_either_way_is_found() -> None:
    draw = np.random.default_rng(6)

    def lengths(centre: float, count: int) -> list[list[float]]:
        return [[0.0, float(x)] for x in draw.normal(centre, 0.1, count)]

    for after in (0.5, 1.6):
        found = feed(scope(SUMMARY, 1_000), lengths(1.0, 300) + lengths(after, 200))
        assert found
        assert found[0][1].statistic == "length_ratio"


def test_a_change_smaller_than_worth_an_alarm_is_rarely_reported() -> None:
    # 0.90 to 0.88 is half of the least effect; the drop of 0.15 beside it is found in every stream.
    small = [
        bool(feed(scope(RATING, 5_000), ratings(0.9, 600, s) + ratings(0.88, 500, 100 + s))) for s in range(6)
    ]
    large = [
        bool(feed(scope(RATING, 5_000), ratings(0.9, 600, s) + ratings(0.75, 500, 100 + s))) for s in range(6)
    ]
    assert sum(small) <= 1
    assert all(large)


def test_a_handful_of_odd_observations_is_no_drift() -> None:
    draw = np.random.default_rng(7)
    values = [*draw.normal(0.2, 0.02, 400), *[0.99] * 8, *draw.normal(0.2, 0.02, 300)]
    assert feed(scope(EDIT, 80_000), np.clip(values, 0, 1)) == []


def test_nothing_is_tested_before_there_is_a_baseline() -> None:
    watched = scope(RATING, 2, baseline=100)
    assert feed(watched, [True] * 50 + [False] * 50) == []
    assert watched.evidence == 0.0


def test_a_lasting_change_is_reported_once_then_seldom() -> None:
    watched = scope(RATING, 1_000, quiet=100)
    found = feed(watched, ratings(0.95, 500, 8) + ratings(0.2, 3_000, 9))
    places = [place for place, _ in found]
    assert places
    assert all(later - earlier > 100 for earlier, later in itertools.pairwise(places))
    assert len(places) <= 6  # 30 periods of silence long
    gaps = np.diff(places)
    assert list(gaps) == sorted(gaps)  # each at least as long as the one before


def test_a_finding_names_windows_times_and_documents() -> None:
    place, finding = feed(scope(RATING, 80_000), ratings(0.95, 500, 10) + ratings(0.3, 200, 11))[0]
    assert finding.statistic == "rating"
    assert finding.value >= 80_000
    assert finding.baseline_first == at(0)
    assert finding.last == at(place)
    assert 430 <= place + 1 - finding.count <= 510  # where the change began
    assert finding.baseline_count + finding.count == place + 1
    assert finding.baseline_last < finding.first
    assert finding.document_ids[-1] == f"d-{place}"
    assert len(finding.document_ids) <= 10


@pytest.mark.parametrize("cut", [30, 150, 430, 520])
def test_a_scope_restored_at_any_place_goes_on_as_if_it_had_never_stopped(cut: int) -> None:
    values = ratings(0.95, 400, 12) + ratings(0.4, 400, 13)
    whole = scope(RATING, 1_000, quiet=60)
    expected = feed(whole, values)
    first, second = scope(RATING, 1_000, quiet=60), scope(RATING, 1_000, quiet=60)
    before = feed(first, values[:cut])
    second.restore(json.loads(json.dumps(first.state())))
    after = feed(second, values[cut:], first=cut)
    assert expected
    assert before + after == expected
    assert json.dumps(second.state()) == json.dumps(whole.state())


def test_after_rebasing_the_new_state_is_the_norm() -> None:
    watched = scope(RATING, 1_000)
    feed(watched, ratings(0.9, 300, 14))
    watched.rebase()
    assert feed(watched, ratings(0.9, 300, 15), first=300) == []
    assert feed(watched, ratings(0.4, 200, 16), first=600) != []


def documents(kind: float, count: int, seed: int) -> list[list[float]]:
    """Eight statistics of documents; another `kind` has other lengths and other words."""
    draw = np.random.default_rng(seed)
    middles = [300 * kind, 20 * kind, 5.0, 0.02, 0.04, 0.6, 9.0 * kind, 0.9]
    return [[abs(float(x)) for x in draw.normal(middles, [m / 8 for m in middles])] for _ in range(count)]


@pytest.mark.parametrize("seed", range(2))
def test_a_week_with_days_of_two_kinds_is_told_once(seed: int) -> None:
    watched = scope(INPUT, 80_000, baseline=200, quiet=500)
    weeks = [documents(1.0, 500, 10 * seed + n) + documents(1.5, 200, 100 + 10 * seed + n) for n in range(5)]
    found = feed(watched, itertools.chain.from_iterable(weeks))
    assert [place // 700 for place, _ in found] == [0], "once, at the first weekend"
    later = feed(watched, documents(0.6, 100, 9), first=3_500)
    assert len(later) == 1, "a third kind is news again"


@pytest.mark.parametrize("seed", range(6))
def test_a_batch_of_ten_odd_documents_is_no_drift(seed: int) -> None:
    values = documents(1.0, 300, seed) + documents(2.5, 10, 50 + seed) + documents(1.0, 100, 90 + seed)
    assert feed(scope(INPUT, 80_000), values) == []


def test_what_silence_kept_back_is_told_when_it_ends() -> None:
    watched = scope(INPUT, 80_000, quiet=300)
    values = documents(1.0, 400, 1) + documents(1.5, 150, 2) + documents(0.5, 400, 3)
    places = [place for place, _ in feed(watched, values)]
    assert len(places) == 2
    assert places[0] < 550 < places[1]
    assert places[1] - places[0] == 300


@pytest.mark.parametrize("cut", [520, 640, 700])
def test_known_states_survive_a_restart(cut: int) -> None:
    values = documents(1.0, 500, 1) + documents(1.5, 200, 2) + documents(1.0, 300, 3) + documents(1.5, 200, 4)
    whole, first, second = (scope(INPUT, 80_000, quiet=100) for _ in range(3))
    expected = feed(whole, values)
    before = feed(first, values[:cut])
    second.restore(json.loads(json.dumps(first.state())))
    assert before + feed(second, values[cut:], first=cut) == expected
    assert json.dumps(second.state()) == json.dumps(whole.state())
