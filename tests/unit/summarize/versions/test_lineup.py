"""Who writes which summaries, and swapping while batches are at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.common.errors import BrevityError, Transient, Unavailable
from brevity.common.events import ObjectRef, Rollout
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.versions.lineup import Lineup, Loaded, chosen
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.plan import Plan, Source

JOBS = [Job(f"Document number {number} is about bridges.", "en", 20) for number in range(200)]


FULL = Rollout()


class Writer:
    """An engine that signs; `mood` says what it does with a document."""

    name = "writer"

    def __init__(self, model_version: str, mood: str = "well") -> None:
        self.model_version = model_version
        self.mood = mood
        self.ended = False

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        if self.mood == "raises":
            raise KeyError("a bug")
        if self.mood == "slow":
            time.sleep(0.02)
        assert not self.ended, "asked after it was retired"
        if self.mood == "fails":
            return [Transient("not today") for _ in jobs]
        return [
            Summary(f"{job.text} ({self.model_version})", (), (), 100.0, self.name, self.model_version)
            for job in jobs
        ]


def source(version: str) -> Source:
    return Source(version, ObjectRef(uri=f"s3://b/{version}", sha256=(version * 64)[:64]))


def lineup(champion: Writer, challenger: Writer | None = None, rollout: Rollout = FULL) -> Lineup:
    first = Loaded(source(champion.model_version), champion)
    second = Loaded(source(challenger.model_version), challenger) if challenger else None
    return Lineup(Plan(first.source, second.source if second else None, rollout), first, second)


def versions(answers: Sequence[Summary | BrevityError]) -> list[str]:
    return [answer.model_version if isinstance(answer, Summary) else answer.code for answer in answers]


def canary(share: float, mood: str = "well") -> Lineup:
    return lineup(Writer("1"), Writer("2", mood), Rollout(mode="canary", share=share))


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_document_of_a_small_share_is_in_every_larger_one(text: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert chosen(text, "2", small) <= chosen(text, "2", large)
    assert chosen(text, "2", 1.0)
    assert not chosen(text, "2", 0.0)


def test_the_share_is_kept_and_another_version_gets_other_documents() -> None:
    texts = [f"text {number}" for number in range(4_000)]
    second = {text for text in texts if chosen(text, "2", 0.25)}
    third = {text for text in texts if chosen(text, "3", 0.25)}
    assert 0.22 < len(second) / len(texts) < 0.28
    assert 0.15 < len(second & third) / len(second) < 0.35


def test_a_canary_writes_its_documents_and_the_champion_the_others_in_order() -> None:
    answers = canary(0.3).answer(JOBS)
    assert versions(answers) == ["2" if chosen(job.text, "2", 0.3) else "1" for job in JOBS]
    for job, answer in zip(JOBS, answers, strict=True):
        assert isinstance(answer, Summary)
        assert answer.text.startswith(job.text)
    assert versions(canary(0.3).answer(JOBS)) == versions(answers)


@pytest.mark.parametrize("mood", ["raises", "fails"])
def test_what_a_canary_fails_on_is_written_by_the_champion(mood: str) -> None:
    assert versions(canary(0.5, mood).answer(JOBS)) == ["1"] * len(JOBS)


def test_a_shadow_writes_nothing() -> None:
    shadow = lineup(Writer("1"), Writer("2"), Rollout(mode="shadow", share=1))
    assert versions(shadow.answer(JOBS)) == ["1"] * len(JOBS)


def test_an_engine_that_does_not_know_what_to_serve_says_so() -> None:
    live = LiveEngine("writer")
    assert not live.ready
    with pytest.raises(Unavailable):
        live.summarize(JOBS[:1])


def test_a_swap_waits_for_nobody_and_the_batch_at_work_ends_on_the_version_it_began_with() -> None:
    live = LiveEngine("writer")
    old = Writer("1", "slow")
    live.swap(lineup(old))
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(live.summarize, JOBS[:2])
        time.sleep(0.005)
        before = live.swap(lineup(Writer("2")))
        assert versions(live.summarize(JOBS[:1])) == ["2"]
        assert versions(call.result()) == ["1", "1"]
    assert before is not None
    assert before.at_work.over(0)


def test_no_batch_reaches_a_version_that_has_drained() -> None:
    """A retired engine refuses to work: an answer by it would be an error here."""
    live = LiveEngine("writer")
    live.swap(lineup(Writer("0", "slow")))
    stop = threading.Event()
    seen: set[str] = set()

    def ask() -> None:
        while not stop.is_set():
            seen.update(versions(live.summarize(JOBS[:3])))

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(ask) for _ in range(4)]
        for number in range(1, 30):
            before = live.swap(lineup(Writer(str(number), "slow")))
            assert before is not None
            assert before.at_work.over(10)
            engine = before.champion.engine
            assert isinstance(engine, Writer)
            engine.ended = True
        stop.set()
        for call in calls:
            call.result()
    assert "transient" not in seen
    assert "engine_error" not in seen
    assert len(seen) > 10


def test_recent_documents_are_kept_to_try_versions_on_but_no_long_ones() -> None:
    live = LiveEngine("writer")
    live.swap(lineup(Writer("1")))
    live.summarize([*JOBS[:20], Job("long " * 10_000, "en", 20)])
    assert live.recent() == JOBS[15:20]
