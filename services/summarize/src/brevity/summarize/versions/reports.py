"""What this process tells the ledger: `models.served`."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from brevity.common.contracts.vocabulary import ServedState
from brevity.common.errors import BrevityError
from brevity.common.events import ModelPromoted, ModelServed, encode
from brevity.common.ids import deterministic_id
from brevity.common.kafka.client import producer_config
from brevity.common.observability.logging import get_logger
from brevity.common.settings import KafkaSettings

log = get_logger(__name__)


class Reporter:
    """Writes reports without waiting; with Kafka away they wait in the client's buffer, as long as that holds them.

    Nothing depends on a report: what is lost is a line of the ledger.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._producer: Any = Producer(producer_config(kafka))
        self._process = f"{socket.gethostname()}/{os.getpid()}"

    def report(
        self,
        promotion: ModelPromoted,
        state: ServedState,
        model_version: str | None,
        metrics: Mapping[str, float],
        error: BrevityError | None = None,
    ) -> None:
        """Say what became of `promotion` here."""
        now = datetime.now(UTC)
        event = ModelServed(
            report_id=deterministic_id(
                "rep", promotion.promotion_id, self._process, state, model_version or "", now.isoformat()
            ),
            promotion_id=promotion.promotion_id,
            engine=promotion.engine,
            model=promotion.model,
            version=promotion.version,
            model_version=model_version,
            state=state,
            rollout=promotion.rollout,
            reason=promotion.reason,
            evidence=promotion.evidence,
            promoted_at=promotion.promoted_at,
            code=error.code if error else None,
            message=error.message if error else None,
            process=self._process,
            metrics=dict(metrics),
            reported_at=now,
        )
        record = encode(event, source="summarize", time=now)
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=_noted,
            )
            self._producer.poll(0)
        except (BufferError, KafkaException) as reason:
            log.warning("a report is lost", state=state, reason=str(reason))

    def poll(self) -> None:
        """Let the client report what it has delivered; to be called now and then."""
        self._producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait until all is delivered, at most `seconds`."""
        self._producer.flush(seconds)


def _noted(error: Any, message: Any) -> None:
    if error is not None:
        log.warning("a report is lost", reason=str(error.str()))
