"""Wiring of the feedback process: the consumer that fills the store, the HTTP door, and the outbox of feedback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from brevity.common.errors import Unavailable
from brevity.common.events import FeedbackRecorded
from brevity.common.http.app import create_app
from brevity.common.http.server import port_of, run_server
from brevity.common.kafka.batch_consumer import BatchConsumer
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability.health import Check
from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import async_mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.api import Services, add_routes
from brevity.feedback.api.admin import AUDITED_READS
from brevity.feedback.audit_trail import Audited, AuditTrail
from brevity.feedback.consumer import outcome_consumer
from brevity.feedback.ledger.consumer import Ledger, LedgerMetrics
from brevity.feedback.ledger.serving import InService
from brevity.feedback.ledger.store import LedgerStore
from brevity.feedback.live import Live
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.mongo.drift import DriftStore
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.feedback.monitoring.metrics import DriftMetrics
from brevity.feedback.monitoring.monitor import DriftMonitor
from brevity.feedback.monitoring.reference import TrainingWindows
from brevity.feedback.outbox import Outbox, running
from brevity.feedback.registry.door import registry_door
from brevity.feedback.resummarize import Resummarizer
from brevity.feedback.settings import FeedbackSettings
from brevity.feedback.sources import Sources
from brevity.feedback.web import OPEN_PATHS, add_page

log = get_logger(__name__)

_PREPARE_RETRY_SECONDS = 1.0


def run(settings: FeedbackSettings) -> None:
    """Work until SIGTERM or SIGINT; raises Fatal when a person is needed."""
    app = build(settings)
    run_server(
        app, settings.http.host, port_of(settings.http, "feedback"), stopping=app.state.end_live_streams
    )


def build(settings: FeedbackSettings) -> FastAPI:
    """The application; what works beside it runs from its start to its end."""
    client = async_mongo_client(settings.mongo, "feedback")
    repository = MongoRepository(client, settings.mongo.database, settings.feedback)
    metrics = FeedbackMetrics()
    producer = AcknowledgedProducer(settings.kafka, FeedbackRecorded.topic)
    consumer = outcome_consumer(settings.kafka, repository, settings.feedback, metrics)
    outbox = Outbox(repository, producer, settings.feedback, metrics)
    trail = AuditTrail(repository, metrics)
    live = Live(repository, settings.feedback)
    objects = S3ObjectStore(settings.s3)
    alarms = DriftStore(client[settings.mongo.database])
    series = DriftSeries(client[settings.mongo.database])
    ledger_store = LedgerStore(client[settings.mongo.database])
    ledger = Ledger(settings.kafka, ledger_store, LedgerMetrics())
    drift = DriftMonitor(
        settings.kafka,
        alarms,
        objects,
        producer,
        settings.drift,
        DriftMetrics(),
        series=series,
        windows=TrainingWindows(registry_door(settings)),
        max_text_bytes=settings.feedback.max_text_bytes,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        working = [asyncio.create_task(_consume(repository, consumer)), asyncio.create_task(running(outbox))]
        working.append(asyncio.create_task(ledger.run()))
        if settings.drift.enabled:
            working.append(asyncio.create_task(drift.run()))
        noting = asyncio.create_task(trail.run())
        try:
            yield
        finally:
            consumer.stop()
            outbox.stop()
            ledger.stop()
            drift.stop()
            await asyncio.gather(*working)
            noting.cancel()
            await trail.flush()
            await client.close()

    app = create_app(
        "feedback",
        title="Brevity feedback",
        description="Summaries with the evidence for each sentence, and what people say of them.",
        mode=settings.mode,
        http=settings.http,
        auth=settings.auth,
        checks=[
            Check("mongo", repository.ping),
            Check("kafka", producer.ping, stops="new summaries, submitting, and telling others of ratings"),
            Check("outcomes", consumer.ping, stops="new summaries"),
            Check("object_store", objects.ping, stops="sources of long documents, and erasing"),
        ],
        heartbeat=consumer.heartbeat_age_seconds,
        open_paths=OPEN_PATHS,
        lifespan=lifespan,
    )
    app.add_middleware(Audited, trail=trail, noted=AUDITED_READS.__contains__)
    app.state.end_live_streams = live.close
    sources = Sources(repository, objects, settings.feedback)
    services = Services(
        repository,
        sources,
        outbox,
        Resummarizer(repository, producer, InService(ledger_store, repository)),
        live,
        settings.feedback,
        alarms,
        series,
        ledger_store,
    )
    add_routes(app, services)
    add_page(app, services, producer, settings)
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
