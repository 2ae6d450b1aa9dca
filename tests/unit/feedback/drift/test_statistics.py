"""What the guarantee rests on: fair bets, uniform ranks, and a test whose mean does not outgrow the count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.feedback.drift.bets import BETS, gains
from brevity.feedback.drift.detector import Detector
from brevity.feedback.drift.measures import BINS, EDIT, FAMILIES, INPUT, RATING, SUMMARY, Family
from brevity.feedback.drift.ranks import Rank, Ranks
from tests.unit.feedback.drift.observing import feed, scope


def test_every_bet_is_fair() -> None:
    # The power bets are infinite at 0: integrate on a grid that is dense there.
    edges = np.concatenate(([0.0], np.geomspace(1e-200, 1, 400_001)))
    middles = (edges[1:] + edges[:-1]) / 2
    mean = (gains(middles) * np.diff(edges)[:, None]).sum(axis=0)
    assert mean.shape == (BETS,)
    np.testing.assert_allclose(mean, 1.0, atol=2e-3)


@given(st.floats(1e-12, 1 - 1e-12))
def test_no_bet_loses_everything(p: float) -> None:
    assert (gains(np.array([p])) > 0).all()


@given(st.lists(st.tuples(st.integers(0, BINS - 1), st.floats(1e-6, 1 - 1e-6)), min_size=1, max_size=40))
def test_a_rank_is_the_share_above_plus_a_random_part_of_the_ties(seen: list[tuple[int, float]]) -> None:
    ranks = Ranks(1)
    so_far: list[int] = []
    for cell, uniform in seen:
        rank = ranks.rank(np.array([cell]), np.array([uniform]))
        so_far.append(cell)
        above, ties = sum(c > cell for c in so_far), sum(c == cell for c in so_far)
        assert rank.p[0] == pytest.approx((above + uniform * ties) / len(so_far))
        assert rank.middle[0] == pytest.approx((above + 0.5 * ties) / len(so_far))
        assert 0 < rank.p[0] < 1


@pytest.mark.parametrize("distinct", [1, 2, 7, BINS])
def test_ranks_of_exchangeable_observations_are_uniform_however_many_tie(distinct: int) -> None:
    draw = np.random.default_rng(5)
    ranks = Ranks(1)
    p = np.array([ranks.rank(draw.integers(distinct, size=1), draw.random(1)).p[0] for _ in range(8_000)])
    found = np.histogram(p, bins=20, range=(0, 1))[0]
    chi_square = ((found - 400) ** 2 / 400).sum()
    assert chi_square < 43.8  # 0.999 quantile with 19 degrees of freedom


def test_the_test_grows_no_faster_than_the_count_while_nothing_changes() -> None:
    draw = np.random.default_rng(6)
    runs, length = 200, 40
    ends: list[float] = []
    for _ in range(runs):
        detector = Detector(("both",), min_effect=-2.0, threshold=1e9, fewest=1)  # every bet counts
        values = [detector.observe(Rank(p, p)).value for p in draw.random((length, 1))]
        ends.append(values[-1])
    # Heavy tails: the mean is below its expectation, the count, far more often than above.
    assert np.mean(ends) < 1.5 * length


STREAMS = 10
LENGTH = 400


def _exchangeable(family: Family, kind: str, draw: np.random.Generator) -> np.ndarray:
    shape = (LENGTH, len(family.statistics))
    if kind == "heavy tails":
        return np.abs(draw.standard_cauchy(shape))
    if kind == "ties":
        return draw.integers(0, 2, size=shape).astype(float)
    if kind == "constant":
        return np.full(shape, 0.5)
    order = np.linspace(0, 1, LENGTH)[:, None] * np.ones(shape)
    return draw.permuted(order, axis=0)  # exchangeable, yet not independent


@pytest.mark.parametrize("family", [INPUT, SUMMARY, RATING, EDIT], ids=list(FAMILIES))
def test_false_alarms_stay_under_the_stated_rate_whatever_the_distribution(family: Family) -> None:
    draw = np.random.default_rng([7, len(family.statistics)])
    kinds = ("heavy tails", "ties", "constant", "permuted")
    threshold, baseline = 1_500, 100
    alarms = sum(
        len(feed(scope(family, threshold, baseline=baseline), _exchangeable(family, kind, draw)))
        for kind in kinds
        for _ in range(STREAMS)
    )
    tested = len(kinds) * STREAMS * (LENGTH - baseline)
    assert alarms <= tested / threshold  # what is stated: one in `threshold` observations on average, at most
