"""The engine as callers see it: one object that goes on while the versions behind it change."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from brevity.common.errors import BrevityError, Unavailable
from brevity.summarize.engines.port import Job, Summary, has_languages
from brevity.summarize.versions.lineup import Lineup

_TEXTS_REMEMBERED = 5
_LONGEST_REMEMBERED = 6_000
"""Characters; trying a version on a longer text would take its time from the documents that wait."""

Watch = Callable[[Lineup, Sequence[Job], Sequence[Summary | BrevityError]], None]


class LiveEngine:
    """A `SummaryEngine` whose versions can be swapped at any time, from another thread.

    A batch is answered by the versions that were in service when it began; the swap is one assignment. Safe to call
    from several threads if its engines are.

    Args:
        name: The engine's.
        watch: Sees every answered batch after its answers are known; must return at once.
    """

    def __init__(self, name: str, watch: Watch | None = None) -> None:
        self.name = name
        self._watch = watch
        self._lineup: Lineup | None = None
        self._swapping = threading.Lock()
        self._recent: deque[Job] = deque(maxlen=_TEXTS_REMEMBERED)

    @property
    def ready(self) -> bool:
        """Whether it is known what to serve."""
        return self._lineup is not None

    @property
    def lineup(self) -> Lineup | None:
        return self._lineup

    @property
    def model_version(self) -> str:
        """The champion's. Raises Unavailable before it is known."""
        return self._now().champion.engine.model_version

    def speaks(self, language: str, output_language: str | None) -> bool:
        """As the champion does. Raises Unavailable before it is known."""
        return has_languages(self._now().champion.engine, language, output_language)

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One answer per job, in order. Raises Unavailable before it is known what to serve."""
        while True:
            lineup = self._now()
            with lineup.at_work():
                if lineup is not self._lineup:
                    continue  # swapped between the two lines: it may count as drained already
                answers = lineup.answer(jobs)
            break
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, Summary) and len(job.text) <= _LONGEST_REMEMBERED:
                self._recent.append(job)
        if self._watch is not None:
            self._watch(lineup, jobs, answers)
        return answers

    def swap(self, lineup: Lineup) -> Lineup | None:
        """Serve `lineup` from the next batch on; returns what was served before, which may still be at work."""
        with self._swapping:
            before, self._lineup = self._lineup, lineup
        return before

    def recent(self) -> list[Job]:
        """Some documents that were summarized just now, to try a version on; in memory only."""
        return list(self._recent)

    def _now(self) -> Lineup:
        if self._lineup is None:
            raise Unavailable(
                "the engine does not know yet which model version to serve", code="engine_starting"
            )
        return self._lineup
