"""Wiring of the stage process: `documents.accepted` in, `summaries.completed` and `summaries.failed` out."""

from __future__ import annotations

import signal

from brevity.common.http.app import create_app
from brevity.common.http.server import BackgroundServer, port_of
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.stage import Stage
from brevity.common.kafka.topics import SUMMARIZE_GROUP
from brevity.common.observability.health import Check
from brevity.common.process import limit_memory
from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize.handler import SummarizeHandler
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.serving.client import connect
from brevity.summarize.settings import SummarizeSettings

_CALLS_PER_BATCH = 4
"""Micro-batches of one batch that may be at the engine at once."""


def run(settings: SummarizeSettings) -> None:
    """Work until SIGTERM or SIGINT; raises Fatal when a person is needed."""
    store = S3ObjectStore(settings.s3)
    threads = settings.stage.max_in_flight_batches * _CALLS_PER_BATCH + 1  # one for what is set aside
    client = connect(settings, threads=threads, unfinished=lambda: stage.unfinished_records())
    handler = SummarizeHandler(client, store, settings.summarize, SummarizeMetrics(), threads=threads)
    stage = Stage(
        "summarize",
        settings.kafka,
        settings.stage,
        SUMMARIZE_GROUP,
        ["documents.accepted"],
        handler,
        handler.dead_letter,
        StageMetrics("summarize"),
    )

    door = create_app(
        "summarize",
        title="Brevity summarize stage",
        mode=settings.mode,
        http=settings.http,
        auth=settings.auth,
        checks=[
            Check("partitions", stage.ping),
            Check("engine", client.ping),
            Check("object_store", store.ping),
        ],
        heartbeat=stage.heartbeat_age_seconds,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stage.stop())
    with BackgroundServer(door, settings.http.host, port_of(settings.http, "summarize")):
        limit_memory(settings.stage.memory_bytes)
        stage.run()
