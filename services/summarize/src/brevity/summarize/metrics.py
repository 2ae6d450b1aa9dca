"""What the summarize service counts beside its stage's own metrics."""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

from brevity.common.observability.metrics import BATCH_RECORDS, END_TO_END_SECONDS, WORDS, WORK_SECONDS

_SUPPORT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
_PERCENT = (10, 25, 50, 75, 90, 99, 100)


class SummarizeMetrics:
    """Instruments of the summarize stage; make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        def histogram(what: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"brevity_summarize_{what}", text, buckets=buckets, registry=registry)

        def counter(what: str, text: str, labels: list[str]) -> Counter:
            return Counter(f"brevity_summarize_{what}_total", text, labels, registry=registry)

        self.summaries = counter("summaries", "Summaries made, redone ones included.", ["engine", "style"])
        self.passed_through = counter(
            "passed_through", "Documents no longer than the summary wanted.", ["engine"]
        )
        self.warnings = counter("warnings", "Warnings on summaries, by code.", ["code"])
        self.routes = counter(
            "routes", "Summaries by the route that a router chose and what set the order.", ["route", "order"]
        )
        self.passed_over = counter(
            "routes_passed_over",
            "Times a router passed over a route, by why: `language`, `cost`, `deadline` or an error's code.",
            ["route", "reason"],
        )
        self.failures = counter("failures", "Documents the engine failed on, by code.", ["code"])
        self.tokens = counter(
            "tokens",
            "Tokens of engines that count them, by `source` (read) and `summary` (written).",
            ["side"],
        )
        for side in ("source", "summary"):
            self.tokens.labels(side)
        self.source_words = histogram("source_words", "Words of a document.", WORDS)
        self.summary_words = histogram("summary_words", "Words of a summary.", WORDS)
        self.support = histogram(
            "sentence_support_ratio", "Support of a summary sentence by its source.", _SUPPORT
        )
        self.coverage = histogram("coverage_percent", "Share of a document that the engine saw.", _PERCENT)
        self.batch_documents = histogram(
            "micro_batch_documents", "Documents of a micro-batch.", BATCH_RECORDS
        )
        self.engine_seconds = histogram(
            "engine_seconds", "The engine's answer to one micro-batch.", WORK_SECONDS
        )
        self.since_submission = histogram(
            "since_submission_seconds", "From a document's submission to its summary.", END_TO_END_SECONDS
        )
