"""What the feedback service counts."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.observability.metrics import BATCH_RECORDS, WORK_SECONDS


class FeedbackMetrics:
    """Instruments of the service; make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.consumer = ConsumerMetrics("feedback", registry)
        self.events = Counter(
            "brevity_feedback_events_total",
            "Events written to the store, repeats included.",
            ["topic"],
            registry=registry,
        )
        self.unreadable = Counter(
            "brevity_feedback_unreadable_total",
            "Records that could not be read or stored as an event and were set aside.",
            ["topic", "code"],
            registry=registry,
        )
        self.tombstones = Counter(
            "brevity_feedback_tombstones_total", "Records without a value.", ["topic"], registry=registry
        )
        self.batch_records = Histogram(
            "brevity_feedback_batch_records", "Records in a batch.", buckets=BATCH_RECORDS, registry=registry
        )
        self.batch_seconds = Histogram(
            "brevity_feedback_batch_seconds",
            "Time to write a batch, waits for MongoDB included.",
            buckets=WORK_SECONDS,
            registry=registry,
        )
        self.feedback = Counter(
            "brevity_feedback_recorded_total",
            "Ratings (`up`, `down`) and corrections (`edit`) stored.",
            ["kind"],
            registry=registry,
        )
        self.published = Counter(
            "brevity_feedback_published_total",
            "Feedback put on its topic: `sent` at once, or `recovered` after a crash or another failure.",
            ["how"],
            registry=registry,
        )
        self.outbox = Gauge(
            "brevity_feedback_outbox_pending", "Feedback stored and not yet published.", registry=registry
        )
        self.audit_lost = Counter(
            "brevity_feedback_audit_lost_total",
            "Audit entries that did not reach the store: it was away, or refusals flooded in.",
            registry=registry,
        )
