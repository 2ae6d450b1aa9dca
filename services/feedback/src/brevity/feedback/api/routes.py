"""All routes together, over what they need."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from brevity.feedback.api.admin import admin
from brevity.feedback.api.drift import drift
from brevity.feedback.api.events import events
from brevity.feedback.api.exporting import exporting
from brevity.feedback.api.judging import judging
from brevity.feedback.api.reading import reading
from brevity.feedback.ledger.store import LedgerStore
from brevity.feedback.live import Live
from brevity.feedback.mongo.drift import DriftStore
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.feedback.outbox import Outbox
from brevity.feedback.repository import Repository
from brevity.feedback.resummarize import Resummarizer
from brevity.feedback.settings import FeedbackBlock
from brevity.feedback.sources import Sources
from brevity.feedback.training_data import TrainingData


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes stand on."""

    repository: Repository
    sources: Sources
    outbox: Outbox
    resummarizer: Resummarizer
    live: Live
    settings: FeedbackBlock
    drift: DriftStore
    series: DriftSeries
    ledger: LedgerStore


def add_routes(app: FastAPI, services: Services) -> None:
    repository = services.repository
    for router in (
        reading(repository, services.sources),
        exporting(repository, services.sources),
        judging(repository, services.outbox, services.resummarizer),
        admin(repository, TrainingData(repository, services.sources)),
        events(services.live, services.settings),
        drift(services.drift, services.series),
    ):
        app.include_router(router)
