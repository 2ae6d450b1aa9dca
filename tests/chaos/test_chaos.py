"""Nothing is lost or doubled, whatever dies.

Proven by counting: a read_committed reader finds exactly one accepted and one completed event for each document and
exactly one rejected event for each poison message, and a second, calm run over the same input leaves the same bytes.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.corpus import Submission, documents, poison
from tests.chaos.ledger import judge, rejections
from tests.chaos.scenario import Attack, Outcome, run
from tests.support.samples import sample_texts
from tests.support.stack import fresh_stack


def _input(count: int) -> list[Submission]:
    """Good documents with a poison message after every so many."""
    good, bad = list(documents(sample_texts(), count)), poison()
    every = max(1, count // len(bad))
    mixed: list[Submission] = []
    for number, submission in enumerate(good):
        mixed.append(submission)
        if number % every == every // 2 and bad:
            mixed.append(bad.pop(0))
    return [*mixed, *bad]


def _assert_exactly_once(outcome: Outcome, submissions: list[Submission]) -> None:
    good = [submission.key.decode() for submission in submissions if submission.code is None]
    for topic in ("documents.accepted", "summaries.completed"):
        verdict = judge(good, (entry.key for entry in outcome.topics[topic]))
        assert verdict.clean, f"{topic}: {verdict}"
    expected = Counter((s.key.decode(), s.code) for s in submissions if s.code is not None)
    assert Counter(rejections(outcome.topics["documents.rejected"], outcome.keys_by_origin)) == expected
    assert outcome.topics["summaries.failed"] == []


def _assert_stopped_cleanly(outcome: Outcome) -> None:
    assert set(outcome.exits.values()) == {0}, outcome.exits


def _values(outcome: Outcome, topic: str) -> dict[str, bytes]:
    """What the events say, without the log that their submission lies in: that is another one in each run."""
    return {entry.key: re.sub(rb',?"log":"[^"]*"', b"", entry.value) for entry in outcome.topics[topic]}


def _attack_then_repeat(tmp_path: Path, *, count: int, attack: Attack) -> None:
    submissions = _input(count)
    base = int(time.time() * 1000) - 60_000
    with fresh_stack(tmp_path / "attacked") as stack:
        attacked = run(
            stack, submissions, base_timestamp_ms=base, logs=tmp_path / "attacked-logs", attack=attack
        )
    print(
        f"\n{count} documents, {sum(attacked.kills.values())} kills {attacked.kills}, {attacked.seconds:.0f} s"
    )
    _assert_exactly_once(attacked, submissions)
    _assert_stopped_cleanly(attacked)
    assert sum(attacked.kills.values()) >= attack.kills

    with fresh_stack(tmp_path / "calm") as stack:
        calm = run(stack, submissions, base_timestamp_ms=base, logs=tmp_path / "calm-logs")
    _assert_exactly_once(calm, submissions)
    for topic in ("documents.accepted", "documents.rejected", "summaries.completed"):
        assert _values(attacked, topic) == _values(calm, topic), f"{topic} differs between the runs"


@pytest.mark.chaos_large
@pytest.mark.stack
@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_in_a_small_attack(tmp_path: Path) -> None:
    _attack_then_repeat(tmp_path, count=300, attack=Attack(kills=6, seed=7))


@pytest.mark.stack
@pytest.mark.chaos_large
@pytest.mark.timeout(3_600)
def test_nothing_is_lost_or_doubled_in_a_large_attack(tmp_path: Path) -> None:
    _attack_then_repeat(tmp_path, count=5_000, attack=Attack(kills=24, seed=11, pause_seconds=(1.0, 6.0)))
