"""Requests for training: checked, published as `training.requested`, and kept as jobs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from brevity.common.contracts.vocabulary import TrainingReason
from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import TrainingRequested, encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import millisecond
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.jobs.folders import folder_of
from brevity.trainer.jobs.model import Job, job_of
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.recipe import ENGINES, recipe_of

log = get_logger(__name__)


class Requests:
    """Every training begins here, whoever wants it."""

    def __init__(self, jobs: Jobs, producer: AcknowledgedProducer, attempts: int) -> None:
        self._jobs = jobs
        self._producer = producer
        self._attempts = attempts

    def request(
        self,
        *,
        model: str,
        engine: str,
        reason: TrainingReason,
        detail: str | None = None,
        dataset: dict[str, Any] | None = None,
        parameters: dict[str, Any] | None = None,
        variant_of: str | None = None,
        requested_by: str | None = None,
        job_id: str | None = None,
    ) -> Job:
        """Publish the request, then keep its job; the consumer of the topic keeps it if the store is away just then.

        Raises:
            Rejected: The engine cannot be trained, or the dataset or a parameter is wrong.
            Unavailable: Kafka did not take it; with a `job_id` of one's own, asking again is harmless.
        """
        event = TrainingRequested(
            job_id=job_id or f"job-{uuid.uuid4().hex[:16]}",
            reason=reason,
            detail=detail,
            model=model,
            engine=engine,
            dataset=dataset or {},
            parameters=parameters or {},
            variant_of=variant_of,
            requested_by=requested_by,
            requested_at=millisecond(datetime.now(UTC)),
        )
        check(event)
        self._producer.send([encode(event, source="trainer", time=event.requested_at)])
        job = job_of(event, self._attempts)
        try:
            self._jobs.add(job)
            return self._jobs.get(event.job_id)
        except Unavailable as error:  # Kafka has it: it was taken, whatever else is away
            log.warning("a requested job is kept later", job_id=event.job_id, reason=error.message)
            return job

    def take(self, event: TrainingRequested) -> None:
        """Keep the job of a published request; one that cannot be trained is kept as failed, with the reason."""
        job = job_of(event, self._attempts)
        try:
            check(event)
        except Rejected as error:
            job = job.model_copy(
                update={
                    "state": "failed",
                    "code": error.code,
                    "message": error.message,
                    "finished_at": event.requested_at,
                }
            )
        self._jobs.add(job)


def check(event: TrainingRequested) -> None:
    """Raises Rejected unless the request can be worked on."""
    folder_of(Path(), event.job_id)
    if event.engine not in ENGINES:
        raise Rejected(
            f"the engine {event.engine!r} cannot be trained",
            code="unknown_engine",
            remedy=f"Engines that can: {', '.join(ENGINES)}.",
        )
    try:
        DatasetSpec.model_validate(event.dataset)
        recipe_of(event.engine, event.parameters, variant=event.variant_of is not None)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)[:5]
        )
        raise Rejected(
            wrong,
            code="bad_request",
            remedy="Correct the dataset or the parameters; docs/training.md lists them.",
        ) from None
