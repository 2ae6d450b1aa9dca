"""All pages together, over what they need."""

from __future__ import annotations

from fastapi import FastAPI

from brevity.common.http.auth import key_ring
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.api import Services
from brevity.feedback.registry.door import registry_door
from brevity.feedback.settings import FeedbackSettings
from brevity.feedback.submissions import Submissions
from brevity.feedback.web.assets import PATHS, add_assets
from brevity.feedback.web.comparing import comparing
from brevity.feedback.web.errors import ErrorPages
from brevity.feedback.web.judging import judging
from brevity.feedback.web.known import Known
from brevity.feedback.web.listing import listing
from brevity.feedback.web.login import login
from brevity.feedback.web.models import models
from brevity.feedback.web.quality import quality
from brevity.feedback.web.reading import reading
from brevity.feedback.web.session import CookieKeys
from brevity.feedback.web.submitting import submitting

OPEN_PATHS = PATHS | {"/login", "/logout"}
"""What a browser may ask for before anybody has signed in."""


def add_page(
    app: FastAPI, services: Services, producer: AcknowledgedProducer, settings: FeedbackSettings
) -> None:
    """Add every page to `app`, and let a cookie stand for a key. Raises Fatal when the keys are malformed."""
    doors = key_ring(settings.mode, settings.http, settings.auth)
    app.state.asks_for_keys = not doors.open
    repository = services.repository
    known = Known(repository)
    submissions = Submissions(producer, S3ObjectStore(settings.s3))
    for router in (
        listing(repository, known),
        reading(repository, services.sources, known, services.resummarizer),
        judging(repository, services.outbox, services.resummarizer),
        submitting(repository, submissions),
        comparing(repository, services.sources, services.outbox),
        quality(repository, known, services.drift, services.series),
        models(registry_door(settings), services.ledger),
        login(doors),
    ):
        app.include_router(router, include_in_schema=False)
    add_assets(app)
    app.add_middleware(CookieKeys)
    app.add_middleware(ErrorPages)
