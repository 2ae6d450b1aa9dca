"""What the ingest service counts beside its stage's own metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.observability.metrics import SIZE_BYTES, WORDS, WORK_SECONDS


class IngestMetrics:
    """Instruments of ingest; make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.documents = Counter(
            "brevity_ingest_documents_total",
            "Documents dealt with, redone ones included, by `accepted` or the reason code.",
            ["outcome"],
            registry=registry,
        )
        self.resends = Counter(
            "brevity_ingest_resends_total", "Same document sent again; nothing was to do.", registry=registry
        )
        self.bytes = Histogram(
            "brevity_ingest_document_bytes", "Bytes of a text.", buckets=SIZE_BYTES, registry=registry
        )
        self.words = Histogram(
            "brevity_ingest_document_words", "Words of a text.", buckets=WORDS, registry=registry
        )
        self.extract_seconds = Histogram(
            "brevity_ingest_extract_seconds",
            "Time to read one document's text.",
            ["kind"],
            buckets=WORK_SECONDS,
            registry=registry,
        )
        self.view = ConsumerMetrics("ingest_view", registry)
        self.undecodable = Counter(
            "brevity_ingest_projection_undecodable_total",
            "Events the state view could not read.",
            ["topic"],
            registry=registry,
        )
