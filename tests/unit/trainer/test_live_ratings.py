"""The sequential test on ratings: how often it is wrong, and how soon it is right."""

from __future__ import annotations

import math

import numpy as np
import pytest

from brevity.trainer.live.sequential import Evidence, Rating, evidence

ALPHA = 0.01
UP: list[Rating] = ["up"]
DOWN: list[Rating] = ["down"]


def ratings(rng: np.random.Generator, liked: float, count: int) -> list[Rating]:
    return ["up" if value < liked else "down" for value in rng.random(count)]


def detected(rng: np.random.Generator, before: float, after: float, count: int) -> int | None:
    """Pairs until the new version counts as worse; None within `count`."""
    old, new = ratings(rng, before, count), ratings(rng, after, count)
    if not evidence(old, new).worse(ALPHA):
        return None
    low, high = 1, count  # the peak only grows: bisect
    while low < high:
        middle = (low + high) // 2
        if evidence(old[:middle], new[:middle]).worse(ALPHA):
            high = middle
        else:
            low = middle + 1
    return low


@pytest.mark.parametrize("liked", [0.5, 0.8, 0.95])
def test_a_version_that_is_no_worse_is_rolled_back_in_at_most_one_life_of_a_hundred(liked: float) -> None:
    """Looked at after each of 400 ratings; over 1,000 lives the bound is 10, and three deviations more are chance."""
    rng = np.random.default_rng(5)
    false = sum(detected(rng, liked, liked, 400) is not None for _ in range(1_000))
    assert false <= 10 + 3 * math.sqrt(10)


@pytest.mark.parametrize(("before", "after", "within"), [(0.8, 0.6, 250), (0.8, 0.4, 80), (0.9, 0.7, 200)])
def test_a_worse_version_is_found_within_some_ratings(before: float, after: float, within: int) -> None:
    rng = np.random.default_rng(6)
    needed = [detected(rng, before, after, 600) or 600 for _ in range(100)]
    assert np.median(needed) <= within
    assert np.percentile(needed, 95) < 600


def test_a_better_version_is_never_suspected() -> None:
    rng = np.random.default_rng(7)
    assert all(detected(rng, 0.6, 0.8, 400) is None for _ in range(200))


def test_alike_pairs_say_nothing_and_the_shorter_side_ends_the_comparison() -> None:
    assert evidence(UP * 50, UP * 80) == Evidence(pairs=50)
    assert evidence([], DOWN * 100) == Evidence()
    found = evidence([*UP, *DOWN], [*DOWN, *UP])
    assert (found.pairs, found.lost, found.won) == (2, 1, 1)
    assert found.peak == pytest.approx(1.5)


def test_overwhelming_evidence_stays_a_number() -> None:
    found = evidence(UP * 5_000, DOWN * 5_000)
    assert found.peak == math.inf
    assert found.worse(1e-9)
