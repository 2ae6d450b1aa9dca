"""The versions that answer at one instant. It never changes: a swap puts another in its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from brevity.common.errors import BrevityError
from brevity.common.events import ModelPromoted, Rollout
from brevity.common.ids import content_hash
from brevity.summarize.engines.port import Job, SummaryEngine
from brevity.summarize.serving.answering import answer_all
from brevity.summarize.serving.wire import Answer
from brevity.summarize.versions.plan import Plan, Source

_PLACES = 1 << 32


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model version, ready to be used."""

    source: Source
    engine: SummaryEngine


def chosen(text: str, version: str, share: float) -> bool:
    """Whether a document belongs to the share that `version` is given.

    A function of the text and the version alone, so that every replica, and a second attempt, chooses alike; another
    version gets other documents.
    """
    place = int(content_hash(f"{version}\n{content_hash(text.encode())}".encode())[:8], 16)
    return place < share * _PLACES


class Work:
    """How many batches a lineup is at work on."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    @contextmanager
    def __call__(self) -> Generator[None]:
        """While a batch is being answered."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def over(self, seconds: float) -> bool:
        """Wait until no batch is at work, at most `seconds`; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._count == 0, seconds)


@dataclass(frozen=True, slots=True)
class Lineup:
    """Answers batches. `promotion` is what it came from; None for what nobody promoted."""

    plan: Plan
    champion: Loaded
    challenger: Loaded | None = None
    promotion: ModelPromoted | None = None
    at_work: Work = field(default_factory=Work)

    @property
    def rollout(self) -> Rollout:
        return self.plan.rollout

    @property
    def members(self) -> tuple[Loaded, ...]:
        return (self.champion,) if self.challenger is None else (self.champion, self.challenger)

    def answer(self, jobs: Sequence[Job]) -> list[Answer]:
        """One answer per job, in order."""
        challenger = self.challenger
        if challenger is None or self.rollout.mode != "canary":
            return answer_all(self.champion.engine, jobs)
        mine = [index for index, job in enumerate(jobs) if self.takes(job)]
        answers: dict[int, Answer] = {}
        if mine:
            found = answer_all(challenger.engine, [jobs[index] for index in mine])
            # A newcomer's failure must not become the document's: the champion is asked for those.
            answers = {
                index: answer
                for index, answer in zip(mine, found, strict=True)
                if not isinstance(answer, BrevityError)
            }
        rest = [index for index in range(len(jobs)) if index not in answers]
        if rest:
            found = answer_all(self.champion.engine, [jobs[index] for index in rest])
            answers.update(zip(rest, found, strict=True))
        return [answers[index] for index in range(len(jobs))]

    def takes(self, job: Job) -> bool:
        """Whether the challenger summarizes this document, as a canary or as a shadow."""
        newcomer = self.challenger
        return newcomer is not None and chosen(job.text, newcomer.engine.model_version, self.rollout.share)


def timed(engine: SummaryEngine, job: Job) -> tuple[Answer, float]:
    """The engine's answer to one job, and the seconds it took."""
    began = time.perf_counter()
    [answer] = answer_all(engine, [job])
    return answer, time.perf_counter() - began
