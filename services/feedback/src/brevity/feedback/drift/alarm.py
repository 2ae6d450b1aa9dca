"""What a monitor says when it has found something, and the event made of it."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.common.events import DriftDetected
from brevity.common.events.learning import Window
from brevity.common.ids import deterministic_id
from brevity.feedback.drift.scope import Finding


@dataclass(frozen=True)
class Alarm:
    """A drift found.

    Attributes:
        monitor: `input.<statistic>` or `quality.<statistic>`.
        tenant, language: The group it was found in; both absent for all documents together.
        model_version: The version whose reference was left.
        trigger_id: The document, summary or feedback at which the threshold was passed.
        threshold: What the statistic had to reach; also the guaranteed mean between false alarms.
        finding: Statistic, effect and windows.
    """

    monitor: str
    tenant: str | None
    language: str | None
    model_version: str
    trigger_id: str
    threshold: float
    finding: Finding

    @property
    def drift_id(self) -> str:
        """The same for the same observations, in any run."""
        return deterministic_id(
            "drf", self.monitor, self.tenant or "", self.language or "", self.model_version, self.trigger_id
        )

    @property
    def message(self) -> str:
        """One sentence for a person."""
        found = self.finding
        quality = self.monitor.startswith("quality.")
        moved = "worse" if quality else ("higher" if found.effect > 0 else "lower")
        where = f" for tenant {self.tenant} in {self.language}" if self.tenant else ""
        return (
            f"{found.statistic} is {moved} than before{where}: effect {found.effect:+.2f}, "
            f"over the last {found.count} against {found.baseline_count}"
        )

    def event(self) -> DriftDetected:
        found = self.finding
        return DriftDetected(
            drift_id=self.drift_id,
            monitor=self.monitor,
            tenant=self.tenant,
            language=self.language,
            model_version=self.model_version,
            statistic=found.value,
            threshold=self.threshold,
            effect=found.effect,
            reference=Window(
                first_at=found.baseline_first, last_at=found.baseline_last, count=found.baseline_count
            ),
            current=Window(first_at=found.first, last_at=found.last, count=found.count),
            sample_document_ids=list(found.document_ids),
            detected_at=found.last,
        )
