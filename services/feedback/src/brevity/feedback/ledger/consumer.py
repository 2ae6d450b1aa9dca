"""Fills the ledger from `models.promoted` and `models.served`."""

from __future__ import annotations

import asyncio

from prometheus_client import REGISTRY, CollectorRegistry, Counter

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import ModelPromoted, ModelServed, decode
from brevity.common.kafka.batch_consumer import BatchConsumer, Batching
from brevity.common.kafka.metrics import ConsumerMetrics
from brevity.common.kafka.record import Record
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings
from brevity.feedback.ledger.store import LedgerStore

log = get_logger(__name__)

GROUP = "brevity.feedback.ledger"
_RETRY_SECONDS = 1.0


class LedgerMetrics:
    """Instruments of the ledger; make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.reports = Counter(
            "brevity_feedback_model_reports_total",
            "What serving processes made of promotions, by state and, for refused ones, by reason.",
            ["state", "code"],
            registry=registry,
        )
        self.consumer = ConsumerMetrics("feedback_ledger", registry)


class Ledger:
    """The consumer with its store; `run` runs until `stop`."""

    def __init__(
        self, kafka: KafkaSettings, store: LedgerStore, metrics: LedgerMetrics, *, group: str = GROUP
    ) -> None:
        self._store = store
        self._metrics = metrics
        topics = [ModelPromoted.topic, ModelServed.topic]
        self._consumer = BatchConsumer(
            "brevity-feedback-ledger", kafka, group, topics, self._keep, Batching(), metrics.consumer
        )

    def stop(self) -> None:
        self._consumer.stop()

    async def run(self) -> None:
        """Prepare the store, waiting for it as long as it takes, then consume."""
        while not self._consumer.stopping:
            try:
                await self._store.prepare()
                break
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
        await self._consumer.run()

    async def _keep(self, records: list[Record]) -> None:
        promotions: list[ModelPromoted] = []
        reports: list[ModelServed] = []
        for record in records:
            if record.value is None:
                continue
            try:
                if record.topic == ModelPromoted.topic:
                    promotions.append(decode(ModelPromoted, record))
                else:
                    reports.append(decode(ModelServed, record))
            except Rejected as error:
                log.error(
                    "left out of the ledger", topic=record.topic, offset=record.offset, reason=error.message
                )
        await self._store.save(promotions, reports)
        for report in reports:
            self._metrics.reports.labels(report.state, report.code or "").inc()
