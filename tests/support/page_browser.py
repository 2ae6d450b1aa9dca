"""What tests of the page in Debian's Chromium share: the screens, and real documents with their summaries."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from brevity.common.events import DocumentAccepted, SummaryCompleted
from brevity.feedback.model import PipelineEvent
from tests.support.feedback import rejected
from tests.support.feedback_service import FeedbackService
from tests.support.page_data import sample_events, written

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs `chromium` on the PATH")

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("clinic-dialogue-1", "science-tldr-1", "news-norwegian-1", "debates-french-1", "meetings-1")
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "wide": {"viewport": {"width": 1600, "height": 900}},
}
Visit = Callable[..., Any]
Scheme = Literal["light", "dark"]


def done(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: Playwright keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def fill(service: FeedbackService, events: Sequence[PipelineEvent]) -> None:
    done(service.fill(events))


class Shown:
    """The summaries that the tests look at, by what they are."""

    def __init__(self) -> None:
        events = sample_events(NOW, "first", NAMES)
        self.documents = {e.document_id: e for e in events if isinstance(e, DocumentAccepted)}
        self.by_model = {(e.document_id, e.engine): e for e in events if isinstance(e, SummaryCompleted)}
        abstract = self.documents["science-tldr-1"]
        first = (abstract.text or "").split(". ")[0] + "."
        self.doubtful = written(
            abstract,
            [first, "Marlene Quistgaard measured 7,342 of them on 3 May 1871."],
            engine="seq2seq",
            model_version="seq2seq-9",
        )
        self.events = [*events, self.doubtful, rejected("refused", submitted_at=NOW)]

    def of(self, document: str, engine: str = "extractive") -> SummaryCompleted:
        return self.by_model[document, engine]

    def pages(self) -> dict[str, str]:
        return {
            "list": "/",
            "filtered": "/?language=en&rating=none",
            "reading": f"/summaries/{self.of('clinic-dialogue-1').summary_id}",
            "warnings": f"/summaries/{self.doubtful.summary_id}",
            "right-to-left": f"/summaries/{self.of('harbour-arabic').summary_id}",
            "long": f"/summaries/{self.of('meetings-1').summary_id}",
            "submit": "/submit",
            "watch": "/watch?id=clinic-dialogue-1&id=refused&id=unheard-of",
            "compare": "/compare",
            "quality": "/quality",
            "error": "/summaries/none-such",
            "unknown": "/no/such/page",
        }
