"""What the drift monitors count."""

from __future__ import annotations

from itertools import product

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from brevity.common.observability.metrics import WORK_SECONDS
from brevity.feedback.drift.measures import FAMILIES


class DriftMetrics:
    """Make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.observed = Counter(
            "brevity_feedback_drift_observed_total",
            "Events given to the drift monitors, repeats included.",
            ["topic"],
            registry=registry,
        )
        self.skipped = Counter(
            "brevity_feedback_drift_skipped_total",
            "Events that no monitor could use: not readable, or a text that is gone.",
            ["topic"],
            registry=registry,
        )
        self.alarms = Counter(
            "brevity_feedback_drift_alarms_total",
            "Drifts found, by monitor; `all` for all documents together, `group` for one tenant and language.",
            ["monitor", "scope"],
            registry=registry,
        )
        for family, scope in product(FAMILIES.values(), ("all", "group")):
            for (
                statistic
            ) in family.statistics:  # there from the start, so that the first alarm is an increase
                self.alarms.labels(f"{family.name}.{statistic.name}", scope)
        self.evidence = Gauge(
            "brevity_feedback_drift_evidence_ratio",
            "Where the test over all documents stands as a share of its threshold; an alarm at 1.",
            ["family"],
            registry=registry,
        )
        self.leading = Gauge(
            "brevity_feedback_drift_leading",
            "1 while this instance runs the monitors; 1 over all instances.",
            registry=registry,
        )
        self.save_seconds = Histogram(
            "brevity_feedback_drift_save_seconds",
            "Time to save the monitors' state.",
            buckets=WORK_SECONDS,
            registry=registry,
        )
