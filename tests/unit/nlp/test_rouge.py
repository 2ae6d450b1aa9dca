"""Overlap agrees with counts made by hand."""

from __future__ import annotations

import pytest

from brevity.nlp.rouge import rouge_l, rouge_n, tokens


def test_overlap_is_the_harmonic_mean_of_both_shares() -> None:
    ours, theirs = tokens("The cat sat."), tokens("The cat sat on a mat")
    assert rouge_n(ours, theirs, 1) == pytest.approx(2 * 3 / (3 + 6))
    assert rouge_n(ours, theirs, 2) == pytest.approx(2 * 2 / (2 + 5))
    assert rouge_n(ours, [], 1) == 0


def test_scripts_without_blanks_count_by_character() -> None:
    assert tokens("今天 ok") == ["今", "天", "ok"]


def test_the_longest_common_subsequence_keeps_the_order_and_may_leave_gaps() -> None:
    reference = tokens("police killed the gunman")
    assert rouge_l(tokens("police kill the gunman"), reference) == pytest.approx(3 / 4)
    assert rouge_l(tokens("the gunman kill police"), reference) == pytest.approx(2 / 4)  # Lin 2004, section 3
    assert rouge_l(tokens("a b a b a"), tokens("b a b")) == pytest.approx(2 * 3 / 8)
    assert rouge_l([], reference) == rouge_l(reference, []) == 0
