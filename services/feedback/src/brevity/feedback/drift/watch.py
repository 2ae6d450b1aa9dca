"""The monitors of the versions that write summaries, fed with events as topics bring them: some twice.

The version in service is watched whole. One that shares its traffic (a canary) has its own quality watched beside it;
the input is one for all, and belongs to the version in service.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict, deque
from collections.abc import Sequence

from brevity.common.errors import Fatal
from brevity.common.events import DocumentAccepted, FeedbackRecorded, SummaryCompleted
from brevity.feedback.drift.alarm import Alarm
from brevity.feedback.drift.monitors import Monitors, ReferenceDocument
from brevity.feedback.drift.scope import DriftSettings
from brevity.feedback.drift.series import Peak, PointKey

STATE_VERSION = 1
REMEMBERED = 5_000
"""Observations of which a repetition is recognised: the last ones."""
VOTES = 5_000
"""Votes of which another one by the same reviewer on the same summary is recognised: those last repeated or given."""
IN_SERVICE = 50
"""Summaries of one other version in a row, without a single one of the version in service, that make it that one; as
many with others between them have it watched beside the one in service."""
BESIDE = 3
"""Versions watched beside the one in service; the one that wrote least lately goes first."""
_MET = 10

_DEFAULTS = DriftSettings()


class Watch:
    """Events in, alarms out. No IO; every decision is a function of the events and their order."""

    def __init__(self, settings: DriftSettings = _DEFAULTS) -> None:
        self._settings = settings
        self._monitors = Monitors("", settings)
        self._order: deque[str] = deque()
        self._known: set[str] = set()
        self._votes: OrderedDict[str, None] = OrderedDict()
        self._other = ("", 0)
        self._beside: OrderedDict[str, Monitors] = OrderedDict()
        self._met: OrderedDict[str, int] = OrderedDict()
        self._asked = ""

    @property
    def model_version(self) -> str:
        """The version in service; empty before its first summary."""
        return self._monitors.model_version

    @property
    def beside(self) -> tuple[str, ...]:
        """Versions whose quality is watched beside it."""
        return tuple(self._beside)

    @property
    def trained_documents(self) -> int:
        """Documents of its training window that the input is compared with; 0: with the first that came."""
        return self._monitors.trained_documents

    @property
    def reference_wanted(self) -> str | None:
        """The version in service, while nobody has said what it was trained on."""
        version = self.model_version
        return version if version and self._asked != version else None

    def refer(self, documents: Sequence[ReferenceDocument]) -> None:
        """Tell what the version in service was trained on; an empty sequence when that is not known."""
        self._asked = self.model_version
        self._monitors.refer(documents)

    def points(self) -> list[tuple[str, PointKey, Peak]]:
        """The points of every version's series that have grown since they were last kept."""
        return [
            (monitors.model_version, key, point)
            for monitors in (self._monitors, *self._beside.values())
            for key, point in monitors.series.changed().items()
        ]

    def points_kept(self) -> None:
        """Call once `points` are kept elsewhere."""
        for monitors in (self._monitors, *self._beside.values()):
            monitors.series.kept()

    def document(self, event: DocumentAccepted, text: str) -> list[Alarm]:
        """An accepted document and its normalised text."""
        if self._repeated("document", event.tenant, event.document_id, event.content_hash):
            return []
        return self._monitors.observe_document(event, text)

    def summary(self, event: SummaryCompleted) -> list[Alarm]:
        if self._repeated("summary", event.tenant, event.summary_id):
            return []
        self._note_version(event.model_version)
        return self._of(event.model_version).observe_summary(event)

    def feedback(self, event: FeedbackRecorded) -> list[Alarm]:
        if self._repeated("feedback", event.tenant, event.feedback_id):
            return []
        # A reviewer counts once for each summary, however often the buttons are pressed: more would be evidence of nothing.
        new = {
            part: getattr(event, part) if self._first_vote(event, part) else None
            for part in ("rating", "edit_distance")
            if getattr(event, part) is not None
        }
        return self._of(event.model_version).observe_feedback(event.model_copy(update=new))

    def evidence(self) -> dict[str, float]:
        """See `Monitors.evidence`."""
        return self._monitors.evidence()

    def to_json(self) -> str:
        return json.dumps(
            {
                "version": STATE_VERSION,
                "known": list(self._order),
                "votes": list(self._votes),
                "other": list(self._other),
                "monitors": self._monitors.to_json(),
                "beside": [monitors.to_json() for monitors in self._beside.values()],
                "met": list(self._met.items()),
                "asked": self._asked,
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
        watch._votes.update(dict.fromkeys(state.get("votes", ())))
        version, count = state["other"]
        watch._other = (version, count)
        watch._monitors = Monitors.from_json(state["monitors"], settings)
        # Earlier releases watched one version, from the first documents on.
        for saved in state.get("beside", ()):
            monitors = Monitors.from_json(saved, settings)
            watch._beside[monitors.model_version] = monitors
        watch._met.update(state.get("met", ()))
        watch._asked = state.get("asked", watch.model_version)
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
            self._monitors = self._beside.pop(version, None) or self._monitors.succeed(version)
            self._met.pop(version, None)
            self._other = ("", 0)
            return
        self._meet(version)

    def _meet(self, version: str) -> None:
        """A summary by a version beside the one in service."""
        if version in self._beside:
            self._beside.move_to_end(version)
            return
        self._met[version] = self._met.get(version, 0) + 1
        self._met.move_to_end(version)
        if len(self._met) > _MET:
            self._met.popitem(last=False)
        if self._met[version] >= IN_SERVICE:
            del self._met[version]
            self._beside[version] = self._monitors.succeed(version)
            if len(self._beside) > BESIDE:
                self._beside.popitem(last=False)

    def _of(self, version: str) -> Monitors:
        return self._beside.get(version, self._monitors)

    def _first_vote(self, event: FeedbackRecorded, part: str) -> bool:
        name = _name(part, event.tenant, event.summary_id, event.reviewer)
        first = name not in self._votes
        self._votes[name] = None
        self._votes.move_to_end(name)
        if len(self._votes) > VOTES:
            self._votes.popitem(last=False)
        return first

    def _repeated(self, *parts: str) -> bool:
        name = _name(*parts)
        if name in self._known:
            return True
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > REMEMBERED:
            self._known.discard(self._order.popleft())
        return False


def _name(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
