"""Starting Ray again: bounded, in plain words, and not when a person is needed."""

from __future__ import annotations

import threading

import pytest

from brevity.common.errors import Fatal
from brevity.summarize.serving.attempts import bring_up


class Ray:
    """Comes up at the given attempt."""

    def __init__(self, at: int, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._at = at
        self._error = error or Exception("The current node timed out during startup. This could\nhappen")

    def start(self) -> None:
        self.calls.append("start")
        if self.calls.count("start") < self._at:
            raise self._error

    def clear_away(self) -> None:
        self.calls.append("clear")
        raise RuntimeError("half started, it cannot be asked to end")


def test_a_slow_start_is_cleared_away_and_tried_again() -> None:
    ray = Ray(3)
    bring_up(ray.start, ray.clear_away, threading.Event(), pause_seconds=0)
    assert ray.calls == ["start", "clear", "start", "clear", "start"]


def test_it_is_given_up_in_plain_words() -> None:
    ray = Ray(9)
    with pytest.raises(Fatal) as told:
        bring_up(ray.start, ray.clear_away, threading.Event(), attempts=2, pause_seconds=0)
    assert "2 attempts; the last ended with: Exception: The current node timed out" in told.value.message
    assert told.value.__suppress_context__


def test_a_wrong_setting_is_not_tried_again() -> None:
    ray = Ray(9, Fatal("no such model"))
    with pytest.raises(Fatal, match="no such model"):
        bring_up(ray.start, ray.clear_away, threading.Event(), pause_seconds=0)
    assert ray.calls == ["start"]


def test_who_is_told_to_end_does_not_try_again() -> None:
    ray, ending = Ray(9), threading.Event()
    ending.set()
    bring_up(ray.start, ray.clear_away, ending)
    assert ray.calls == ["start", "clear"]
