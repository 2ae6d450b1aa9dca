"""One family of statistics watched over one population: all documents, or one tenant's in one language."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from brevity.feedback.drift.detector import Detector, Evidence
from brevity.feedback.drift.measures import Family
from brevity.feedback.drift.states import States

Floats = NDArray[np.float64]

SAMPLES = 10
RECENT_TIMES = 1_000
LONGEST_QUIET = 16


@dataclass(frozen=True)
class DriftSettings:
    """How the monitors weigh silence against speed.

    Attributes:
        mean_between_false_alarms: Guaranteed mean number of observations of one scope and family between false
            alarms. An observation is seen by two scopes (all, and its tenant and language), so one in
            `mean_between_false_alarms / 2` is the bound for each of the four families: with 80,000 at most one
            false alarm in 10,000 documents though every document is summarized, rated and edited.
        lexicon_documents: Documents that teach the reference its words.
        baseline: Observations ranked before the platform-wide scopes begin to test.
        group_baseline: The same for one tenant and language: the minimum of data for it to be watched.
        quiet: Observations of silence after an alarm, doubled at each alarm that follows at once.
        max_groups: Tenant and language scopes kept; beyond it the one unseen for longest is forgotten.
    """

    mean_between_false_alarms: float = 80_000
    lexicon_documents: int = 200
    baseline: int = 200
    group_baseline: int = 200
    quiet: int = 500
    max_groups: int = 200


class Observation(NamedTuple):
    """Values of a family's statistics, taken of one document or rating at one time."""

    id: str
    document_id: str
    at: datetime
    values: Floats


@dataclass(frozen=True)
class Finding:
    """The test of a scope passed its threshold with an effect worth an alarm."""

    statistic: str
    value: float
    effect: float
    baseline_count: int
    baseline_first: datetime
    baseline_last: datetime
    count: int
    first: datetime
    last: datetime
    document_ids: tuple[str, ...]


class Tested(NamedTuple):
    """Where a test stood after an observation: its value, the statistic that led and its change."""

    value: float
    statistic: str
    effect: float


class Scope:
    """Ranks, test and debounce. Bounded memory; the same observations always give the same findings.

    Of the input, states told of once are known (`States`): a return to one is no finding, and silence has its ranks learn
    the new state. Quality has one norm: a fall that lasts is told again, and what follows an alarm is not learnt from.
    """

    def __init__(self, family: Family, threshold: float, baseline: int, quiet: int, salt: str) -> None:
        self._family = family
        self._threshold = threshold
        self._baseline = baseline
        self._quiet = quiet
        self._salt = salt
        self._states = States(len(family.statistics), family.min_effect)
        self._untold: tuple[int, Evidence] | None = None
        self._detector = Detector(
            tuple(s.alarm_on for s in family.statistics), family.min_effect, threshold, family.fewest
        )
        self._first: datetime | None = None
        self._recent: deque[tuple[str, datetime]] = deque(maxlen=RECENT_TIMES)
        self._silent = 0
        self._streak = 0
        self._since_quiet = 0
        self.evidence = 0.0
        """The test's value when it last tested; not part of the state, since the next observation sets it."""
        self.tested: Tested | None = None
        """What the last observation did; None when it was learnt from, or met silence."""

    def learn(self, observation: Observation) -> None:
        """Take an observation of the reference: ranked against, not tested."""
        self._states.reference.add(self._family.cells(observation.values))
        self._first = self._first or observation.at

    def observe(self, observation: Observation) -> Finding | None:
        """Test an observation; a finding at most once in `quiet` of them."""
        self.tested = None
        if self._silent:
            self._silent -= 1
            if self._family.quality:
                return None  # a fall that lasts must not become the norm by itself
        if self._states.reference.count < self._baseline:
            self.learn(observation)
            return None
        self._since_quiet += not self._silent
        self._recent.append((observation.document_id, observation.at))
        cells = self._family.cells(observation.values)
        evidence = self._detector.observe(self._states.ranks.rank(cells, self._uniforms(observation.id)))
        if not self._silent:
            self.evidence = evidence.value
            self.tested = Tested(
                evidence.value, self._family.statistics[evidence.statistic].name, evidence.effect
            )
        if self._family.quality:
            return self._raise(evidence) if evidence.value >= self._threshold else None
        self._states.note(cells)
        return self._moved(evidence) if evidence.value >= self._threshold else self._told_late()

    def _moved(self, evidence: Evidence) -> Finding | None:
        """The stream has left the state it was in: a finding, unless it is back in a known one or all is silent."""
        if self._states.back(evidence.started):
            self._detector.reset()
            return None
        if self._silent:
            self._states.begin(evidence.started)
            self._detector.reset()
            self._untold = (self._states.now, evidence)
            return None
        finding = self._raise(evidence)
        self._states.begin(evidence.started)
        return finding

    def _told_late(self) -> Finding | None:
        """What silence kept back, if the stream is still in that state when silence ends."""
        if self._untold is None or self._silent:
            return None
        (state, evidence), self._untold = self._untold, None
        return self._raise(evidence) if state == self._states.now else None

    def _raise(self, evidence: Evidence) -> Finding:
        assert self._first is not None  # noqa: S101 - a tested scope has learnt
        # Beyond the times remembered the current window begins with the oldest of them.
        count = min(evidence.started, len(self._recent))
        current = list(self._recent)[-count:]
        before = list(self._recent)[: len(self._recent) - count]
        finding = Finding(
            statistic=self._family.statistics[evidence.statistic].name,
            value=evidence.value,
            effect=-abs(evidence.effect) if self._family.quality else evidence.effect,
            baseline_count=max(0, self._states.ranks.count - count),
            baseline_first=self._first,
            baseline_last=before[-1][1] if before else current[0][1],
            count=count,
            first=current[0][1],
            last=current[-1][1],
            document_ids=tuple(dict.fromkeys(document for document, _ in current[-SAMPLES:])),
        )
        again = self._streak > 0 and self._since_quiet <= self._quiet
        self._streak = self._streak + 1 if again else 1
        self._silent = self._quiet * min(2 ** (self._streak - 1), LONGEST_QUIET)
        self._since_quiet = 0
        self._detector.reset()
        self._recent.clear()
        return finding

    def _uniforms(self, key: str) -> Floats:
        """Numbers in (0, 1) that depend on the observation's id alone, so that a replay repeats every decision."""
        count = len(self._family.statistics)
        digest = hashlib.blake2b(key.encode(), digest_size=8 * count, salt=_salt(self._salt)).digest()
        return (np.frombuffer(digest, dtype="<u8") / 2.0**64) * (1 - 1e-12) + 5e-13

    def rebase(self) -> None:
        """Make all that was seen so far the norm and drop the evidence, as for another model version."""
        self._detector.reset()
        self._silent = self._streak = self._since_quiet = 0
        self._recent.clear()

    def state(self) -> dict[str, Any]:
        return {
            "ranks": self._states.reference.state(),
            "states": None if self._family.quality else self._states.state(),
            "untold": self._untold and [self._untold[0], list(self._untold[1])],
            "detector": self._detector.state() if self._states.reference.count >= self._baseline else None,
            "first": self._first.isoformat() if self._first else None,
            "recent": [(document, at.isoformat()) for document, at in self._recent],
            "silent": self._silent,
            "streak": self._streak,
            "since_quiet": self._since_quiet,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._states.restore(state["ranks"], state.get("states"))
        untold = state.get("untold")
        self._untold = (untold[0], Evidence(*untold[1])) if untold else None
        if state["detector"]:
            self._detector.restore(state["detector"])
        self._first = datetime.fromisoformat(state["first"]) if state["first"] else None
        self._recent.extend((document, datetime.fromisoformat(at)) for document, at in state["recent"])
        self._silent = state["silent"]
        self._streak = state["streak"]
        self._since_quiet = state["since_quiet"]


def _salt(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
