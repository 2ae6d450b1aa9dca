"""Submitting texts and files, asking for another summary, and watching until it is there, without any script."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import pytest
from confluent_kafka import Consumer

from brevity.common.events import SummaryRequest
from brevity.common.storage.s3 import S3ObjectStore
from tests.support.feedback import ORIGIN, accepted, completed, rejected
from tests.support.feedback_service import FeedbackService
from tests.support.page_html import (
    HARBOUR,
    browser,
    one,
    tree,
    words,
)
from tests.support.stack import Stack

pytestmark = pytest.mark.stack


def _submitted(stack: Stack, name: str) -> dict[str, object]:
    """The submission of this id, from its topic."""
    consumer = Consumer(
        {"bootstrap.servers": stack.kafka.bootstrap_servers, "group.id": f"page-{time.time()}",
         "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )  # fmt: skip
    consumer.subscribe(["documents.submitted"])
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None or message.error() or name.encode() not in (message.value() or b""):
                continue  # the topic holds what other tests wrote, some of it no JSON
            value = json.loads(message.value() or b"{}")
            if value.get("document_id") == name:
                return value
    finally:
        consumer.close()
    raise AssertionError(f"{name} was not submitted")


def test_a_text_is_submitted_and_watched_until_its_summary_is_there(service: FeedbackService) -> None:
    text = "The old lighthouse was painted white in spring. Its keeper retired after forty years."
    with browser(service) as anna:
        answer = anna.post(
            "/submit", data={"text": text, "title": "Lighthouse", "words": "20", "style": "bullets"}
        )
        page = tree(answer)
        assert answer.url.path == "/watch"
        name = answer.url.params["id"]
        assert one(page, "[aria-current=step]").text() == "Accepted"
        assert page.css("noscript")
        event = _submitted(service.stack, name)
        assert (event["text"], event["title"], event["tenant"]) == (text, "Lighthouse", "first")
        assert event["summary"] == {"words": 20, "style": "bullets"}

        document = accepted(name, text=text, title="Lighthouse", submitted_at=datetime.now(UTC))
        asyncio.run(service.fill([document]))
        page = tree(anna.get(str(answer.url)))
        assert words(one(page, ".progress h2")) == "Lighthouse"
        assert one(page, "[aria-current=step]").text() == "Summarized"
        asyncio.run(service.fill([completed(name, text=text, submitted_at=datetime.now(UTC))]))
        page = tree(anna.get(str(answer.url)))
        assert words(one(page, ".progress .prose")) == "The old lighthouse was painted white in spring."
        assert page.css("noscript") == []


def test_the_same_text_submitted_twice_has_the_same_id(service: FeedbackService) -> None:
    with browser(service) as anna:
        names = {
            anna.post("/submit", data={"text": "A text.\r\nTwo lines."}).url.params["id"] for _ in range(2)
        }
        assert len(names) == 1


def test_files_and_long_texts_travel_by_claim_check(service: FeedbackService) -> None:
    long = "A long sentence about harbours and storms. " * 10_000
    with browser(service) as anna:
        answer = anna.post(
            "/submit",
            data={"text": long, "length": "short"},
            files=[
                ("files", ("notes.md", b"# Notes\n\nThe pier broke.", "application/octet-stream")),
                ("files", ("page.html", b"<html><body>The pier broke.</body></html>", "text/html")),
            ],
        )
        assert answer.url.path == "/watch"
        names = answer.url.params.get_list("id")
        assert len(names) == 3
        assert len(tree(answer).css(".progress")) == 3
    store = S3ObjectStore(service.stack.s3)
    events = [_submitted(service.stack, name) for name in names]
    assert [event.get("title") for event in events] == [None, "notes.md", "page.html"]
    objects = [event["object"] for event in events if isinstance(event["object"], dict)]
    assert [item["media_type"] for item in objects] == ["text/plain", "text/markdown", "text/html"]
    kept = [store.get(item["uri"].split("/", 3)[3], max_bytes=1 << 20) for item in objects]
    assert kept == [long.encode(), b"# Notes\n\nThe pier broke.",
                    b"<html><body>The pier broke.</body></html>"]  # fmt: skip


@pytest.mark.parametrize("data", [{}, {"text": "  \n "}, {"text": "A text.", "words": "2"}])
def test_an_empty_or_wrong_submission_is_told_beside_the_form(
    service: FeedbackService, data: dict[str, str]
) -> None:
    with browser(service) as anna:
        page = tree(anna.post("/submit", data={"title": "Mine", **data}), 422)
        assert one(page, "[role=alert]").text()
        assert one(page, "#title").attributes["value"] == "Mine"


def test_a_rejected_document_says_why_and_what_to_do(service: FeedbackService) -> None:
    with browser(service) as anna:
        page = tree(anna.get("/watch?id=refused"))
        assert "The document holds no text. Send text." in words(one(page, ".progress"))
        duplicate = one(tree(anna.get("/watch?id=again")), ".progress")
        assert duplicate.css_first("a[href='/watch?id=harbour']")


def test_another_length_is_asked_for_and_watched(service: FeedbackService) -> None:
    with browser(service) as anna:
        answer = anna.post(f"/summaries/{HARBOUR}/resummarize", data={"words": "7", "style": "headline"})
        assert answer.url.path == "/watch"
        assert one(tree(answer), "[aria-current=step]").text() == "Accepted"
        wanted = SummaryRequest(words=7, style="headline")
        later = completed("harbour", words=7, submitted_at=datetime.now(UTC), request=wanted)
        asyncio.run(service.fill([later]))
        page = tree(anna.get(str(answer.url)))
        assert page.css(f"a[href='/summaries/{later.summary_id}']")
        there = anna.post(f"/summaries/{HARBOUR}/resummarize", data={"words": "7", "style": "headline"})
        assert there.url.path == f"/summaries/{later.summary_id}"


def test_a_bad_version_after_a_good_one_is_what_is_shown(service: FeedbackService) -> None:
    """As `GET /v1/documents/ID` of ingest says."""
    good = completed("two-versions", origin=ORIGIN.model_copy(update={"offset": 1}))
    bad = rejected("two-versions", origin=ORIGIN.model_copy(update={"offset": 2}))
    asyncio.run(service.fill([good, bad]))
    with browser(service) as anna:
        page = tree(anna.get("/watch", params={"id": "two-versions"}))
        assert "The document holds no text" in words(one(page, ".progress"))
