"""Wiring of the trainer process: requests in, jobs run one after another, promotions out, and the HTTP door."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from brevity.common.errors import Fatal
from brevity.common.events import ModelPromoted, TrainingStatus
from brevity.common.http.app import create_app
from brevity.common.http.server import port_of, run_server
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability.health import Check
from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.api.data import data_routes
from brevity.trainer.api.models import models_routes
from brevity.trainer.api.reference import reference_routes
from brevity.trainer.api.train import train_routes
from brevity.trainer.champions import Champions
from brevity.trainer.consumer import Keeper, event_consumer
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.versions import Versions
from brevity.trainer.finishing import Finisher
from brevity.trainer.gate.policy import load_policy
from brevity.trainer.housekeeping import Announcer, Housekeeping, Seldom
from brevity.trainer.jobs.folders import WorkFolders
from brevity.trainer.jobs.runner import Runner
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.jobs.tenants import name_tenants
from brevity.trainer.live.ratings import Ratings, ratings_consumer
from brevity.trainer.live.rollback import Rollback
from brevity.trainer.live.watch import LiveWatch
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.mongo import Store
from brevity.trainer.promotion import Promotions, ensure_first
from brevity.trainer.recipe import ENGINES
from brevity.trainer.registry import Registry
from brevity.trainer.requests import Requests
from brevity.trainer.settings import TrainerSettings
from brevity.trainer.starting import Start
from brevity.trainer.tracking.closing import OpenRuns
from brevity.trainer.triggers.rules import valid_schedule
from brevity.trainer.triggers.watch import Watch

_RESTORE_SECONDS = 5.0
_CLOSE_SECONDS = 10.0


def run(settings: TrainerSettings) -> None:
    """Work until SIGTERM or SIGINT; raises Fatal when a person is needed."""
    app = build(settings)
    run_server(app, settings.http.host, port_of(settings.http, "trainer"), stopping=app.state.close_streams)


def build(settings: TrainerSettings) -> FastAPI:
    """The application; what works beside it runs from its start to its end."""
    block = settings.trainer
    if block.schedule is not None and not valid_schedule(block.schedule):
        raise Fatal(
            f"BREVITY_TRAINER_SCHEDULE: {block.schedule!r} is not a cron expression",
            code="bad_setting",
            remedy="Write five fields, e.g. `0 3 * * 0`.",
        )
    policy = load_policy(block.policy_file)
    metrics = TrainerMetrics()
    store = Store(settings.mongo)
    jobs = Jobs(store)
    producer = AcknowledgedProducer(settings.kafka, TrainingStatus.topic)
    bucket = Bucket(settings.s3)
    registry = Registry(block.mlflow_url, bucket, Champions(store).of)
    promotions = Promotions(store, registry, producer, metrics)
    requests = Requests(jobs, producer, block.max_attempts)
    watch = Watch(store, jobs, requests, block, metrics)
    consumer = event_consumer(settings.kafka, Keeper(requests, watch, metrics), metrics)
    ratings = Ratings(store.promotions.database)
    rated = ratings_consumer(settings.kafka, ratings)
    rollback = Rollback(registry, promotions)
    runner = Runner(jobs, block, metrics, Finisher(registry, promotions, policy).finish)
    housekeeping = Housekeeping(
        {
            "announce": Announcer(jobs, producer).turn,
            "promote": promotions.finish,
            "restore the champion": Seldom(promotions.restore, _RESTORE_SECONDS).turn,
            "close runs": Seldom(OpenRuns(block.mlflow_url, jobs).turn, _CLOSE_SECONDS).turn,
            "clear away": WorkFolders(block.work, jobs, bucket).turn,
            **{f"watch {engine}": partial(watch.turn, engine) for engine in block.learning()},
            **{
                f"ratings {engine}": LiveWatch(ratings, partial(_last, promotions, engine), rollback).turn
                for engine in ENGINES
            },
        }
    )
    closing, start = threading.Event(), Start()

    def prepare() -> None:
        store.prepare(days=block.retention_days)
        name_tenants(store)
        ratings.prepare(days=block.retention_days)
        bucket.ensure()
        ensure_first(registry, promotions, "extractive", "extractive", DEFAULT_MODEL)

    async def work() -> None:
        if await start.done(prepare, closing):
            await asyncio.gather(
                consumer.run(),
                rated.run(),
                asyncio.to_thread(runner.run),
                asyncio.to_thread(housekeeping.run),
            )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        working = asyncio.create_task(work())
        try:
            yield
        finally:
            closing.set()
            consumer.stop()
            rated.stop()
            runner.stop()
            housekeeping.stop()
            await working
            store.close()

    app = create_app(
        "trainer",
        title="Brevity trainer",
        description="Trains models, compares them with the one in service, and promotes the better.",
        mode=settings.mode,
        http=settings.http,
        auth=settings.auth,
        checks=[
            Check("mongo", store.ping),
            Check("start", start.ping),
            Check(
                "kafka", producer.ping, stops="asking for trainings, promotions, and what is heard of topics"
            ),
            Check("events", consumer.ping, stops="what is heard of topics: drift, feedback, requests"),
            Check("object_store", bucket.ping, stops="trainings, promotions and training data"),
            Check("mlflow", registry.ping, stops="trainings, promotions and the list of versions"),
        ],
        heartbeat=lambda: (
            max(runner.heartbeat_age_seconds(), housekeeping.heartbeat_age_seconds())
            if start.is_done()
            else 0.0  # it waits for something else: a restart would not help
        ),
        max_heartbeat_seconds=120.0,
        lifespan=lifespan,
    )
    app.state.close_streams = closing.set
    app.include_router(train_routes(jobs, requests, block.max_attempts, closing.is_set))
    versions = Versions(bucket)
    app.include_router(models_routes(registry, promotions, versions, policy))
    app.include_router(reference_routes(registry, versions))
    app.include_router(data_routes(Sources(bucket), versions, registry))
    return app


def _last(promotions: Promotions, model: str) -> ModelPromoted | None:
    """The promotion of `model` that is in force."""
    return next(iter(promotions.history(model, 1)), None)
