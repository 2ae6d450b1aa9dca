"""The quality page and the models page: what was counted, where drift stood, and what is missing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from brevity.common.events import DriftDetected
from brevity.common.events.learning import Window
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.mongo.drift import DriftStore
from tests.support.feedback_service import FeedbackService
from tests.support.page_data import drifted
from tests.support.page_html import (
    HTML,
    NOW,
    browser,
    one,
    tree,
    words,
)
from tests.support.topics import eventually

pytestmark = pytest.mark.stack


def test_the_quality_page_counts_what_the_statistics_count(service: FeedbackService) -> None:
    def counted() -> bool:
        with browser(service) as anna:
            page = tree(anna.get("/quality?days=7"))
            rows = anna.get("/v1/statistics", params={"by": "model_version"}).json()["rows"]
            shown = {
                words(row.css_first("th") or row): [words(cell) for cell in row.css("td")]
                for row in page.css("section[aria-labelledby=models-title] tbody tr")
            }
            return all(
                shown[row["model_version"]][4:5] == [f"{row['summaries']:,}"]
                and shown[row["model_version"]][3] == str(row["up"] + row["down"])
                for row in rows
            )

    eventually("the page agrees with the statistics", counted)
    with browser(service) as anna:
        page = tree(anna.get("/quality?days=7&language=fr"))
        assert words(one(page, "section[aria-labelledby=languages-title] tbody th")) == "French (fr)"
        assert len(page.css("details table")) == 4
        assert len(page.css("svg.plot")) >= 4
        assert anna.get("/quality?days=9").status_code == 422


def test_drift_is_shown_to_whom_it_concerns(service: FeedbackService) -> None:
    async def found() -> None:
        client = async_mongo_client(service.mongo)
        store = DriftStore(client[service.mongo.database])
        window = Window(first_at=NOW, last_at=NOW, count=100)
        for tenant in ("first", "second", None):
            event = DriftDetected(
                drift_id=f"drift-{tenant}", monitor=f"input.of-{tenant}", tenant=tenant, model_version="extractive-1",
                statistic=12_345.0, threshold=10_000.0, effect=-0.25, reference=window, current=window,
                sample_document_ids=["harbour"], detected_at=NOW,
            )  # fmt: skip
            await store.published("nobody", 0, [event])
        await client.close()

    asyncio.run(found())
    with browser(service) as anna:
        page = tree(anna.get("/quality?days=7"))
        section = one(page, "section[aria-labelledby=drift-title]")
        assert sorted(words(row.css("td")[0]) for row in section.css("tbody tr")) == [
            "input.of-None",
            "input.of-first",
        ]
        assert "-0.25" in words(section)
        # The general alarm is marked on the plot of all documents; the tenant's own belongs to no language here.
        [plot] = section.css("svg.plot")
        assert plot.css_first(".threshold")
        assert len(plot.css(".alarm")) == 2
        assert "input.of" not in anna.get("/quality?days=7&language=fr").text


def test_where_the_drift_tests_stood_is_plotted_and_told_hour_by_hour(service: FeedbackService) -> None:
    asyncio.run(drifted(service, NOW))
    with browser(service) as anna:
        plots = tree(anna.get("/quality?days=7")).css("section[aria-labelledby=drift-title] svg.plot")
        said = [plot.attributes["aria-label"] or "" for plot in plots]
        assert any(text.startswith("Documents: ") and "stood highest at 140 %" in text for text in said)
        assert any(text.startswith("Ratings: no alarm") for text in said)
        assert all(plot.css_first("path.line") for plot in plots)
    with service.as_("rita") as rita:
        since = {"since": (NOW - timedelta(days=4)).isoformat()}
        items = rita.get("/v1/statistics/drift", params=since).json()["items"]
        documents = [item for item in items if item["family"] == "input"]
        assert [item["hour"] for item in documents] == sorted({item["hour"] for item in documents})
        assert (len(documents), documents[-1]["evidence"], documents[-1]["count"]) == (72, 1.4, 40)
        assert rita.get("/v1/statistics/drift", params={**since, "language": "en"}).json()["items"] == []


def test_without_a_trainer_the_models_page_says_so_and_decides_nothing(service: FeedbackService) -> None:
    with service.as_("ada") as ada:
        shown = ada.get("/models", headers=HTML)
        assert shown.status_code == 200
        assert "No trainer is set up here" in shown.text
        assert "BREVITY_FEEDBACK_TRAINER_URL" in shown.text
        assert "Who was in production at" in shown.text
        assert ada.get("/models?at=yesterday", headers=HTML).status_code == 422
        assert ada.get("/models/extractive/1", headers=HTML).status_code == 422
        answer = ada.post("/models/extractive/rollback", data={"reason": "x"}, headers=HTML)
        assert answer.status_code == 403  # whoever signs in here is no operator
