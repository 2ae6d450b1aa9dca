"""Ingest's view of documents, in this process: what obeys erasures."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from brevity.common.settings import KafkaSettings, MongoSettings
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.projection import Projection


@contextmanager
def ingest_view(kafka: KafkaSettings, mongo: MongoSettings) -> Generator[None]:
    """With a group of its own: it begins with the oldest records."""
    with Projection(kafka, mongo, IngestMetrics(CollectorRegistry()), group=f"view-{uuid.uuid4().hex[:8]}"):
        yield
