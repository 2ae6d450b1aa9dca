"""What a replica measures of its own work: how fast, how much at once, how busy, and how long it took to be ready."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from brevity.summarize.engines.port import Summary
from brevity.summarize.serving.wire import Answer

_HALF_LIFE_SECONDS = 60.0
"""Of work: what was measured so long ago counts half, so that a slow first batch is soon forgotten."""
_BUSY_WINDOW_SECONDS = 60.0
_MOST_STAGES = 256
"""More than a topic has partitions for; others are not reported."""

BEHIND = "documents_behind/"
"""Before a stage's name in `figures`."""


def tokens_of(answers: Sequence[Answer]) -> int:
    """Tokens read and written; words where the engine counts no tokens. What failed counts nothing."""
    return sum(_tokens(answer) for answer in answers if isinstance(answer, Summary))


def _tokens(summary: Summary) -> int:
    if summary.source_tokens is None:
        return summary.source_words + summary.summary_words
    return summary.source_tokens + (summary.summary_tokens or 0)


class Workload:
    """Made when the replica starts. Not safe to share between threads.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._made = clock()
        self._load_seconds: float | None = None
        self._tokens = self._seconds = self._documents = self._calls = 0.0
        self._began: float | None = None
        self._in_hand = 0
        self._worked: deque[tuple[float, float]] = deque()
        self._behind: dict[str, int] = {}

    def ready(self) -> None:
        """The engine can work; only the first call counts."""
        if self._load_seconds is None:
            self._load_seconds = self._clock() - self._made

    def heard(self, stage: str, documents: int) -> None:
        """`stage` says that so many documents wait there for a call."""
        if stage in self._behind or len(self._behind) < _MOST_STAGES:
            self._behind[stage] = documents

    def begin(self, documents: int) -> None:
        """A micro-batch is begun."""
        self._began, self._in_hand = self._clock(), documents

    def end(self, tokens: int) -> None:
        """The micro-batch is done. With no tokens, because all of it failed, it says nothing about the speed."""
        if self._began is None:
            return
        now = self._clock()
        seconds = now - self._began
        self._worked.append((self._began, now))
        if tokens:
            kept = 0.5 ** (seconds / _HALF_LIFE_SECONDS)
            self._tokens = self._tokens * kept + tokens
            self._seconds = self._seconds * kept + seconds
            self._documents = self._documents * kept + self._in_hand
            self._calls = self._calls * kept + 1
        self._began, self._in_hand = None, 0

    def figures(self) -> dict[str, float]:
        """What the autoscaler is told. What is not measured yet is left out; stages are told once after each was heard."""
        now = self._clock()
        found = {"busy_ratio": self._busy(now)}
        if self._load_seconds is not None:
            found["load_seconds"] = self._load_seconds
        if self._seconds > 0:
            speed = self._tokens / self._seconds
            found |= {
                "tokens_per_second": speed,
                "tokens_per_document": self._tokens / self._documents,
                "tokens_per_call": self._tokens / self._calls,
                "tokens_in_work": self._left(speed, now),
            }
        found |= {BEHIND + stage: float(documents) for stage, documents in self._behind.items()}
        self._behind.clear()
        return found

    def _left(self, speed: float, now: float) -> float:
        """Tokens of the micro-batch in work that are probably not done."""
        if self._began is None:
            return 0.0
        whole = self._in_hand * self._tokens / self._documents
        return max(0.0, whole - speed * (now - self._began))

    def _busy(self, now: float) -> float:
        start = max(self._made, now - _BUSY_WINDOW_SECONDS)
        while self._worked and self._worked[0][1] <= start:
            self._worked.popleft()
        worked = sum(end - max(begin, start) for begin, end in self._worked)
        if self._began is not None:
            worked += now - max(self._began, start)
        return worked / (now - start) if now > start else 0.0
