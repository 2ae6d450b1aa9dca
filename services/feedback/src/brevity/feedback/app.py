"""Wiring of the feedback process: the consumer that fills the store, and the HTTP door that reads from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from brevity.common.errors import Unavailable
from brevity.common.http.app import create_app
from brevity.common.http.server import port_of, run_server
from brevity.common.kafka.batch_consumer import BatchConsumer
from brevity.common.observability.health import Check
from brevity.common.observability.logging import get_logger
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.consumer import outcome_consumer
from brevity.feedback.http import add_routes
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.mongo import MongoRepository, mongo_client
from brevity.feedback.settings import FeedbackSettings

log = get_logger(__name__)

_PREPARE_RETRY_SECONDS = 1.0


def run(settings: FeedbackSettings) -> None:
    """Work until SIGTERM or SIGINT; raises Fatal when a person is needed."""
    run_server(build(settings), settings.http.host, port_of(settings.http, "feedback"))


def build(settings: FeedbackSettings) -> FastAPI:
    """The application; its consumer runs from its start to its end."""
    client = mongo_client(settings.mongo)
    repository = MongoRepository(client, settings.mongo.database, settings.feedback)
    consumer = outcome_consumer(settings.kafka, repository, settings.feedback, FeedbackMetrics())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        task = asyncio.create_task(_consume(repository, consumer))
        try:
            yield
        finally:
            consumer.stop()
            await task
            await client.close()

    app = create_app(
        "feedback",
        title="Brevity feedback",
        description="Summaries with the evidence for each sentence, as they were written.",
        mode=settings.mode,
        http=settings.http,
        auth=settings.auth,
        checks=[Check("kafka", consumer.ping), Check("mongo", repository.ping)],
        heartbeat=consumer.heartbeat_age_seconds,
        lifespan=lifespan,
    )
    add_routes(app, repository, S3ObjectStore(settings.s3), settings.feedback)
    return app


async def _consume(repository: MongoRepository, consumer: BatchConsumer) -> None:
    """Prepare the store, waiting for it as long as it takes, then consume."""
    while not consumer.stopping:
        try:
            await repository.prepare()
        except Unavailable as error:
            log.warning("the store is not there yet", reason=error.message)
            await asyncio.sleep(_PREPARE_RETRY_SECONDS)
        else:
            break
    await consumer.run()
