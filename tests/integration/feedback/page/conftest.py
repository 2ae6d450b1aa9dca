"""One feedback process for all of these tests: starting and filling it takes longer than most of them."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import timedelta

import pytest

from brevity.common.events import SummaryWarning
from tests.support.feedback import accepted, completed, rejected
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.page_html import NOW, SCRIPT
from tests.support.stack import Stack


@pytest.fixture(scope="package")
def service(stack: Stack) -> Generator[FeedbackService]:
    with running(planned(stack)) as started:
        asyncio.run(
            started.fill(
                [
                    accepted("harbour", submitted_at=NOW),
                    completed("harbour", submitted_at=NOW),
                    completed("harbour", submitted_at=NOW, model_version="other-2", summary="A storm."),
                    accepted("hostile", title=SCRIPT, text=f"{SCRIPT}. A storm had broken the pier."),
                    completed(
                        "hostile", text=f"{SCRIPT}. A storm had broken the pier.", title=SCRIPT, submitted_at=NOW,
                        warnings=0,
                    ).model_copy(
                        update={
                            "warnings": [SummaryWarning(code=SCRIPT, message=SCRIPT, start=0, end=4)],
                            "metadata": {SCRIPT: SCRIPT},
                        }
                    ),
                    rejected("refused", message="the document holds no text", submitted_at=NOW),
                    rejected("again", code="duplicate", duplicate_of="harbour", submitted_at=NOW),
                    completed("foreign", tenant="second", submitted_at=NOW),
                ]
                + [
                    completed(
                        f"many-{number:02}",
                        text="Le port est fermé. Une tempête a brisé la jetée.",
                        submitted_at=NOW - timedelta(days=1, minutes=number),
                        language="fr",
                    )
                    for number in range(45)
                ]
            )
        )  # fmt: skip
        yield started
