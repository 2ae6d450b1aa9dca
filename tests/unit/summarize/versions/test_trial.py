"""Trying a version, and comparing a shadow."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from brevity.common.errors import BrevityError, Fatal
from brevity.common.events import Rollout
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.versions.comparison import Comparison
from brevity.summarize.versions.lineup import Lineup
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.shadow import Shadow
from brevity.summarize.versions.trial import bundled_texts, try_out
from tests.support.topics import eventually
from tests.unit.summarize.versions.test_lineup import JOBS, Writer, lineup


class Sleeper(Writer):
    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        time.sleep(5)
        return super().summarize(jobs)


class Mute(Writer):
    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        return [Summary(" ", (), (), 100.0, self.name, self.model_version) for _ in jobs]


def test_the_bundled_model_passes_on_the_bundled_texts() -> None:
    texts = bundled_texts()
    assert {job.language for job in texts} == {"en", "no"}
    assert try_out(load_engine(), texts, seconds=60) > 0


@pytest.mark.parametrize(
    ("engine", "code", "what"),
    [
        (Writer("2", "raises"), "trial_failed", "KeyError"),
        (Writer("2", "fails"), "trial_failed", "not today"),
        (Mute("2"), "trial_failed", "an empty summary"),
        (Sleeper("2"), "trial_hung", "within 0.1 s"),
    ],
)
def test_a_version_that_fails_its_trial_is_refused_with_the_reason(
    engine: Writer, code: str, what: str
) -> None:
    with pytest.raises(Fatal) as caught:
        try_out(engine, JOBS[:2], seconds=0.1 if code == "trial_hung" else 30)
    assert caught.value.code == code
    assert what in caught.value.message


def test_each_text_waits_for_a_good_moment() -> None:
    moments: list[int] = []
    try_out(Writer("2"), JOBS[:3], seconds=30, gap=lambda: moments.append(1))
    assert len(moments) == 3


def words(text: str, count: int) -> Summary:
    return Summary(text, (), (), 100.0, "e", "1", summary_words=count)


def test_a_comparison_counts_what_differs() -> None:
    counts = Comparison(dropped=7)
    counts.add(words("The bridge is open.", 4), words("The bridge is open.", 4), 0.2)
    counts.add(words("The bridge is open.", 4), words("The bridge was closed today.", 5), 0.4)
    counts.add(words("The bridge is open.", 4), Fatal("away"), 0.0)
    found = counts.metrics()
    assert (found["documents"], found["failed"], found["dropped"]) == (3, 1, 7)
    assert found["identical_share"] == 0.5
    assert 0.5 < found["overlap_mean"] < 1
    assert found["shadow_words_mean"] == 4.5
    assert found["shadow_seconds_mean"] == pytest.approx(0.2)


def shadowed(shadow: Shadow, challenger: Writer) -> LiveEngine:
    live = LiveEngine("writer", shadow.watch)
    live.swap(lineup(Writer("1"), challenger, Rollout(mode="shadow", share=0.5)))
    return live


def test_a_shadow_is_compared_on_its_share_and_its_failures_hurt_nobody() -> None:
    seen: list[Comparison] = []
    shadow = Shadow(lambda lineup, counts: seen.append(counts), documents=1_000, seconds=0.2)
    shadow.start()
    live = shadowed(shadow, Writer("2", "raises"))
    answers = live.summarize(JOBS[:40])
    assert all(isinstance(answer, Summary) for answer in answers)
    lineup_now = live.lineup
    assert lineup_now is not None
    expected = sum(lineup_now.takes(job) for job in JOBS[:40])
    assert 0 < expected < 40
    eventually("all are compared", lambda: sum(counts.documents for counts in seen) == expected)
    assert sum(counts.failed for counts in seen) == expected
    shadow.stop()


def test_a_shadow_too_slow_to_follow_leaves_out_and_counts() -> None:
    seen: list[tuple[Lineup, Comparison]] = []
    shadow = Shadow(lambda lineup, counts: seen.append((lineup, counts)), seconds=0.05)
    live = shadowed(shadow, Writer("2", "slow"))
    for _ in range(4):
        live.summarize(JOBS)  # nobody works them off yet: what is over the bound is left out
    shadow.start()
    eventually("something is reported", lambda: bool(seen))
    shadow.stop()
    assert sum(counts.dropped for _, counts in seen) > 0
    assert seen[0][0] is live.lineup
