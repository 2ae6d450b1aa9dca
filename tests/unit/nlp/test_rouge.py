"""N-gram overlap agrees with counts made by hand."""

from __future__ import annotations

import pytest

from brevity.nlp.rouge import rouge_n, tokens


def test_overlap_is_the_harmonic_mean_of_both_shares() -> None:
    ours, theirs = tokens("The cat sat."), tokens("The cat sat on a mat")
    assert rouge_n(ours, theirs, 1) == pytest.approx(2 * 3 / (3 + 6))
    assert rouge_n(ours, theirs, 2) == pytest.approx(2 * 2 / (2 + 5))
    assert rouge_n(ours, [], 1) == 0


def test_scripts_without_blanks_count_by_character() -> None:
    assert tokens("今天 ok") == ["今", "天", "ok"]
