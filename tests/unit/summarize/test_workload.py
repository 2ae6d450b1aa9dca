from collections.abc import Sequence

import pytest

from brevity.common.errors import Transient
from brevity.summarize.engines.port import Summary
from brevity.summarize.serving.wire import Answer
from brevity.summarize.serving.workload import BEHIND, Workload, tokens_of


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def measured(calls: Sequence[tuple[int, int, float]], clock: Clock) -> Workload:
    """Calls, each of documents, tokens and seconds, one after the other."""
    work = Workload(clock)
    for documents, tokens, seconds in calls:
        work.begin(documents)
        clock.now += seconds
        work.end(tokens)
    return work


def test_tokens_are_those_read_and_written_and_words_where_none_are_counted() -> None:
    def summary(source_tokens: int | None, summary_tokens: int | None) -> Summary:
        return Summary(
            "", (), (), 100.0, "e", "1",
            source_words=70, summary_words=7, source_tokens=source_tokens, summary_tokens=summary_tokens,
        )  # fmt: skip

    answers: list[Answer] = [summary(100, 10), summary(None, None), Transient("no", code="no")]
    assert tokens_of(answers) == 110 + 77
    assert tokens_of([]) == 0


def test_nothing_is_said_of_what_is_not_measured() -> None:
    clock = Clock()
    work = Workload(clock)
    assert work.figures() == {"busy_ratio": 0.0}
    clock.now += 10
    assert work.figures() == {"busy_ratio": 0.0}


def test_the_load_time_is_that_until_it_was_first_ready() -> None:
    clock = Clock()
    work = Workload(clock)
    clock.now += 42
    work.ready()
    clock.now += 60
    work.ready()
    assert work.figures()["load_seconds"] == 42


def test_the_speed_is_that_of_the_time_at_work() -> None:
    clock = Clock()
    work = measured([(10, 1_000, 2.0)], clock)
    clock.now += 500
    found = work.figures()
    assert found["tokens_per_second"] == pytest.approx(500)
    assert found["tokens_per_document"] == pytest.approx(100)
    assert found["tokens_per_call"] == pytest.approx(1_000)


def test_a_slow_first_batch_is_forgotten() -> None:
    clock = Clock()
    work = measured([(10, 1_000, 60.0), *[(10, 1_000, 1.0)] * 240], clock)
    assert work.figures()["tokens_per_second"] == pytest.approx(1_000, rel=0.05)


def test_a_micro_batch_that_failed_says_nothing_about_the_speed() -> None:
    clock = Clock()
    work = measured([(10, 1_000, 2.0), (10, 0, 50.0)], clock)
    assert work.figures()["tokens_per_second"] == pytest.approx(500)


def test_of_what_is_in_work_the_rest_is_told() -> None:
    clock = Clock()
    work = measured([(10, 1_000, 2.0)], clock)
    assert work.figures()["tokens_in_work"] == 0
    work.begin(20)
    assert work.figures()["tokens_in_work"] == pytest.approx(2_000)
    clock.now += 1.0
    assert work.figures()["tokens_in_work"] == pytest.approx(1_500)
    clock.now += 100.0
    assert work.figures()["tokens_in_work"] == 0


def test_busy_is_the_share_of_the_last_minute_at_work() -> None:
    clock = Clock()
    work = measured([(1, 10, 30.0)], clock)
    assert work.figures()["busy_ratio"] == pytest.approx(1.0)
    clock.now += 10.0
    assert work.figures()["busy_ratio"] == pytest.approx(0.75)
    clock.now += 30.0
    assert work.figures()["busy_ratio"] == pytest.approx(20 / 60)
    clock.now += 60.0
    assert work.figures()["busy_ratio"] == 0.0
    work.begin(1)
    clock.now += 15.0
    assert work.figures()["busy_ratio"] == pytest.approx(0.25)


def test_stages_are_told_once_after_each_was_heard_and_not_without_end() -> None:
    work = Workload(Clock())
    work.heard("a", 7)
    work.heard("a", 5)
    work.heard("b", 3)
    assert {k: v for k, v in work.figures().items() if k.startswith(BEHIND)} == {
        f"{BEHIND}a": 5,
        f"{BEHIND}b": 3,
    }
    assert not [name for name in work.figures() if name.startswith(BEHIND)]
    for number in range(10_000):
        work.heard(f"{number:x}", 1)
    assert sum(name.startswith(BEHIND) for name in work.figures()) == 256
