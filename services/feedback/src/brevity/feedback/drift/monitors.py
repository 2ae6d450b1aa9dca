"""The monitors of one model version: documents, summaries and feedback in, alarms out. No IO.

The caller keeps `to_json()` together with its place in the topics and hands both back after a restart: the
monitors then go on as if they had never stopped. Every decision is a function of the observations, so a replay from
that place repeats the same alarms under the same ids.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import numpy as np

from brevity.common.errors import Fatal
from brevity.common.events import DocumentAccepted, FeedbackRecorded, SummaryCompleted
from brevity.feedback.drift.alarm import Alarm
from brevity.feedback.drift.lexicon import Lexicon
from brevity.feedback.drift.measures import FAMILIES
from brevity.feedback.drift.quality import length_ratio, warning_share
from brevity.feedback.drift.scope import DriftSettings, Observation, Scope
from brevity.feedback.drift.series import Series, Test
from brevity.feedback.drift.text import TextStatistics, measure

STATE_VERSION = 1
_DEFAULTS = DriftSettings()

Key = tuple[str, str, str]
"""Family, tenant, language; the last two empty for all documents together."""


class ReferenceDocument(NamedTuple):
    """A document the serving model was trained on; `tenant` is empty when it is not known whose it is."""

    document_id: str
    tenant: str
    language: str
    at: datetime
    statistics: TextStatistics


class Monitors:
    """Watches what comes in and how well it is summarized, for one model version.

    Without a reference the first documents that come become it. Quality is always compared with the first
    outcomes seen, or with those of the version before (`succeed`).
    """

    def __init__(self, model_version: str, settings: DriftSettings = _DEFAULTS) -> None:
        self.model_version = model_version
        self._settings = settings
        self._lexicon = Lexicon()
        self._overall = {name: self._scope(name, settings.baseline) for name in FAMILIES}
        self._groups: OrderedDict[Key, Scope] = OrderedDict()
        self.series = Series()
        self.trained_documents = 0
        """Documents of the training window that are the input's reference; 0 when the first that came are."""

    @classmethod
    def trained_on(
        cls,
        documents: Iterable[ReferenceDocument],
        *,
        model_version: str,
        settings: DriftSettings = _DEFAULTS,
    ) -> Monitors:
        """Monitors whose reference is the training window; some 400 to 5,000 of its documents, in any order.

        Every other document teaches the words of the reference, the rest are what new documents rank among.
        """
        monitors = cls(model_version, settings)
        monitors._learn(documents)
        return monitors

    def refer(self, documents: Sequence[ReferenceDocument]) -> bool:
        """Make the training window the reference of the input and begin its tests anew.

        False, and nothing is changed, for a window of fewer documents than the first that came would be. A tenant and
        language on its own is still compared with its first documents: a training window does not say whose they are.
        """
        if len(documents) < self._settings.lexicon_documents + self._settings.baseline:
            return False
        self._lexicon = Lexicon()
        self._overall["input"] = self._scope("input", self._settings.baseline)
        for key in [key for key in self._groups if key[0] == "input"]:
            del self._groups[key]
        self._learn(documents)
        return True

    def succeed(self, model_version: str) -> Monitors:
        """Monitors of the next version: its own input reference, the quality of this version as its norm.

        A version that is rated worse than the one before is so found by its own ratings.
        """
        following = Monitors(model_version, self._settings)
        outcomes = [name for name, family in FAMILIES.items() if family.quality]
        for name in outcomes:
            following._overall[name].restore(self._overall[name].state())
            following._overall[name].rebase()
        for key, scope in self._groups.items():
            if key[0] in outcomes:
                following._group(key).restore(scope.state())
                following._group(key).rebase()
        return following

    def observe_document(self, document: DocumentAccepted, text: str) -> list[Alarm]:
        """An accepted document and its normalised text."""
        statistics = measure(text, words=document.word_count, language=document.language)
        return self.observe_statistics(
            document.document_id, document.tenant, document.language, document.submitted_at, statistics
        )

    def observe_statistics(
        self, document_id: str, tenant: str, language: str, at: datetime, statistics: TextStatistics
    ) -> list[Alarm]:
        """The same with the text already measured."""
        if self._lexicon.documents < self._settings.lexicon_documents:
            self._lexicon.learn(statistics, language)
            return []
        seen = self._seen(document_id, language, at, statistics)
        return self._observe("input", tenant, language, seen)

    def observe_summary(self, summary: SummaryCompleted) -> list[Alarm]:
        """A summary: its warnings and its length. One of another model version, or passed through, says nothing."""
        if summary.model_version != self.model_version or summary.passed_through:
            return []
        values = np.array([warning_share(summary), length_ratio(summary)])
        seen = Observation(summary.summary_id, summary.document_id, summary.submitted_at, values)
        return self._observe("summary", summary.tenant, summary.language, seen)

    def observe_feedback(self, feedback: FeedbackRecorded) -> list[Alarm]:
        """A rating, an edit or both. One on another model version's summary says nothing of this one."""
        if feedback.model_version != self.model_version:
            return []
        values: dict[str, float] = {}
        if feedback.rating is not None:
            values["rating"] = float(feedback.rating == "up")
        if feedback.edit_distance is not None:
            values["edit"] = feedback.edit_distance
        alarms: list[Alarm] = []
        for family, value in values.items():
            seen = Observation(
                feedback.feedback_id, feedback.document_id, feedback.recorded_at, np.array([value])
            )
            alarms += self._observe(family, feedback.tenant, feedback.language or "und", seen)
        return alarms

    def evidence(self) -> dict[str, float]:
        """Where the test of each family over all documents stands, as a share of its threshold: 1 is an alarm."""
        return {
            name: scope.evidence / self._settings.mean_between_false_alarms
            for name, scope in self._overall.items()
        }

    def to_json(self) -> str:
        """Everything the monitors know: about 100 KB, and up to 25 KB for each tenant and language."""
        return json.dumps(
            {
                "version": STATE_VERSION,
                "model_version": self.model_version,
                "settings": asdict(self._settings),
                "lexicon": self._lexicon.state(),
                "overall": {name: scope.state() for name, scope in self._overall.items()},
                "groups": [[*key, scope.state()] for key, scope in self._groups.items()],
                "series": self.series.state(),
                "trained_documents": self.trained_documents,
            }
        )

    @classmethod
    def from_json(cls, text: str, settings: DriftSettings | None = None) -> Monitors:
        """The monitors that wrote `text`, with their settings or with new ones.

        Raises:
            Fatal: `drift_state_version`; the state is of another release's form.
        """
        state = json.loads(text)
        if state.get("version") != STATE_VERSION:
            raise Fatal(
                f"the saved drift state has version {state.get('version')}, this release reads {STATE_VERSION}",
                code="drift_state_version",
                remedy="Delete the saved drift state; the monitors then learn their reference anew.",
            )
        monitors = cls(state["model_version"], settings or DriftSettings(**state["settings"]))
        monitors._lexicon = Lexicon.restore(state["lexicon"])
        for name, saved in state["overall"].items():
            monitors._overall[name].restore(saved)
        for family, tenant, language, saved in state["groups"]:
            monitors._group((family, tenant, language)).restore(saved)
        # Earlier releases kept neither.
        monitors.series = Series.restore(state.get("series", ()))
        monitors.trained_documents = state.get("trained_documents", 0)
        return monitors

    def _learn(self, documents: Iterable[ReferenceDocument]) -> None:
        held: list[ReferenceDocument] = []
        for number, document in enumerate(documents):
            if number % 2 == 0:
                self._lexicon.learn(document.statistics, document.language)
            else:
                held.append(document)
        for document_id, tenant, language, at, statistics in held:
            seen = self._seen(document_id, language, at, statistics)
            self._overall["input"].learn(seen)
            if tenant:
                self._group(("input", tenant, language)).learn(seen)
        self.trained_documents = self._lexicon.documents + len(held)

    def _seen(self, document_id: str, language: str, at: datetime, text: TextStatistics) -> Observation:
        values = self._lexicon.values(text, language)
        return Observation(document_id, document_id, at, values)

    def _observe(self, family: str, tenant: str, language: str, seen: Observation) -> list[Alarm]:
        overall, group = self._overall[family], self._group((family, tenant, language))
        found = (
            (None, None, overall.observe(seen)),
            (tenant, language, group.observe(seen)),
        )
        for scope, owner, tongue in ((overall, "", ""), (group, tenant, language)):
            if scope.tested is not None:
                value, statistic, effect = scope.tested
                share = value / self._settings.mean_between_false_alarms
                self.series.note(Test(family, owner, tongue), seen.at, share, statistic, effect)
        return [
            Alarm(
                monitor=f"{FAMILIES[family].name}.{finding.statistic}",
                tenant=owner,
                language=tongue,
                model_version=self.model_version,
                trigger_id=seen.id,
                threshold=self._settings.mean_between_false_alarms,
                finding=finding,
            )
            for owner, tongue, finding in found
            if finding is not None
        ]

    def _scope(self, family: str, baseline: int) -> Scope:
        return Scope(
            FAMILIES[family],
            self._settings.mean_between_false_alarms,
            baseline,
            self._settings.quiet,
            family,
        )

    def _group(self, key: Key) -> Scope:
        scope = self._groups.get(key)
        if scope is None:
            scope = self._groups[key] = self._scope(key[0], self._settings.group_baseline)
            if len(self._groups) > self._settings.max_groups:
                gone, _ = self._groups.popitem(last=False)
                self.series.forget([Test(*gone)])
        self._groups.move_to_end(key)
        return scope
