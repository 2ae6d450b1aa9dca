"""The monitors of the version in service, fed with events as topics bring them: some twice, and of several versions."""

from __future__ import annotations

import hashlib
import json
from collections import deque

from brevity.common.errors import Fatal
from brevity.common.events import DocumentAccepted, FeedbackRecorded, SummaryCompleted
from brevity.feedback.drift.alarm import Alarm
from brevity.feedback.drift.monitors import Monitors
from brevity.feedback.drift.scope import DriftSettings

STATE_VERSION = 1
REMEMBERED = 5_000
"""Observations of which a repetition is recognised: the last ones."""
IN_SERVICE = 50
"""Summaries of one other version in a row, without a single one of the version watched, that make it the one in
service. A trial of a version beside the one in service therefore changes nothing."""

_DEFAULTS = DriftSettings()


class Watch:
    """Events in, alarms out. No IO; every decision is a function of the events and their order."""

    def __init__(self, settings: DriftSettings = _DEFAULTS) -> None:
        self._settings = settings
        self._monitors = Monitors("", settings)
        self._order: deque[str] = deque()
        self._known: set[str] = set()
        self._other = ("", 0)

    @property
    def model_version(self) -> str:
        """The version watched; empty before its first summary."""
        return self._monitors.model_version

    def document(self, event: DocumentAccepted, text: str) -> list[Alarm]:
        """An accepted document and its normalised text."""
        if self._repeated("document", event.tenant, event.document_id, event.content_hash):
            return []
        return self._monitors.observe_document(event, text)

    def summary(self, event: SummaryCompleted) -> list[Alarm]:
        if self._repeated("summary", event.tenant, event.summary_id):
            return []
        self._note_version(event.model_version)
        return self._monitors.observe_summary(event)

    def feedback(self, event: FeedbackRecorded) -> list[Alarm]:
        if self._repeated("feedback", event.tenant, event.feedback_id):
            return []
        return self._monitors.observe_feedback(event)

    def evidence(self) -> dict[str, float]:
        """See `Monitors.evidence`."""
        return self._monitors.evidence()

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": STATE_VERSION,
                "known": list(self._order),
                "other": list(self._other),
                "monitors": self._monitors.to_json(),
            }
        )

    @classmethod
    def from_json(cls, text: str, settings: DriftSettings = _DEFAULTS) -> Watch:
        """The watch that wrote `text`, under `settings`. Raises Fatal `drift_state_version` for another form."""
        state = json.loads(text)
        if state.get("version") != STATE_VERSION:
            raise Fatal(
                f"the saved drift state has version {state.get('version')}, this release reads {STATE_VERSION}",
                code="drift_state_version",
                remedy="Delete the saved drift state; the monitors then learn their reference anew.",
            )
        watch = cls(settings)
        watch._order.extend(state["known"])
        watch._known.update(state["known"])
        version, count = state["other"]
        watch._other = (version, count)
        watch._monitors = Monitors.from_json(state["monitors"], settings)
        return watch

    def _note_version(self, version: str) -> None:
        if not self.model_version:
            self._monitors.model_version = version
        if version == self.model_version:
            self._other = ("", 0)
            return
        name, count = self._other
        self._other = (version, count + 1 if version == name else 1)
        if self._other[1] >= IN_SERVICE:
            # Its reference are the first documents that it meets; quality goes on from its predecessor's.
            self._monitors = self._monitors.succeed(version, [])
            self._other = ("", 0)

    def _repeated(self, *parts: str) -> bool:
        name = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
        if name in self._known:
            return True
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > REMEMBERED:
            self._known.discard(self._order.popleft())
        return False
