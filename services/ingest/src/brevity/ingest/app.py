"""Wiring of the ingest process: the exactly-once stage, the HTTP door and the view of documents' states."""

from __future__ import annotations

import signal
import threading

from brevity.common.http.app import create_app
from brevity.common.http.server import BackgroundServer, port_of
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.stage import Stage
from brevity.common.kafka.topics import INGEST_GROUP
from brevity.common.observability.health import Check
from brevity.common.process import at_start, limit_memory
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.claims import Claims
from brevity.ingest.expiries import Expiries
from brevity.ingest.handler import IngestHandler
from brevity.ingest.http import add_routes
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.notes import Notes
from brevity.ingest.projection import Projection
from brevity.ingest.settings import IngestSettings
from brevity.ingest.states import States
from brevity.ingest.submit import Submitter


def run(settings: IngestSettings) -> None:
    """Work until SIGTERM or SIGINT; raises Fatal when a person is needed."""
    store = S3ObjectStore(settings.s3)
    ending = threading.Event()
    at_start(store.ensure_bucket, ending)
    mongo = mongo_client(settings.mongo, "ingest")
    claims = Claims(mongo, settings.mongo.database)
    states = States(mongo, settings.mongo.database)
    days = settings.ingest.retention_days
    at_start(lambda: (claims.prepare(days=days), states.prepare(days=days)), ending)
    expiries = Expiries(states.expired)
    metrics = IngestMetrics()
    handler = IngestHandler(store, claims, settings.ingest, metrics)
    stage = Stage(
        "ingest",
        settings.kafka,
        settings.stage,
        INGEST_GROUP,
        ["documents.submitted"],
        handler,
        handler.dead_letter,
        StageMetrics("ingest"),
        on_expired=expiries.add,
    )

    submitter = Submitter(settings.kafka, store, settings.ingest)
    door = create_app(
        "ingest",
        title="Brevity ingest",
        mode=settings.mode,
        http=settings.http,
        auth=settings.auth,
        checks=[
            Check("kafka", submitter.ping),
            Check("partitions", stage.ping, stops="documents that wait on the topic"),
            Check("mongo", claims.ping, stops="what was submitted, and asking how it stands"),
            Check("object_store", store.ping, stops="files, long texts and rejections"),
        ],
        heartbeat=stage.heartbeat_age_seconds,
    )
    notes = Notes(states.submitted)
    add_routes(door, submitter, states, notes, settings.ingest)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: (ending.set(), stage.stop()))
    with (
        notes,
        expiries,
        Projection(settings.kafka, settings.mongo, metrics),
        BackgroundServer(door, settings.http.host, port_of(settings.http, "ingest")),
    ):
        limit_memory(settings.stage.memory_bytes)
        stage.run()
