"""What moves while one looks: new summaries, ratings of others, documents on their way, pairs to compare."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.support.feedback_service import FeedbackService
from tests.support.page_browser import Shown, Visit, fill, needs_chromium
from tests.support.page_data import accepted, extracted

pytestmark = [pytest.mark.stack, needs_chromium]


def test_the_list_tells_of_new_summaries_without_moving(signed_in: Visit, service: FeedbackService) -> None:
    with signed_in() as page:
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        top = page.locator("#summaries").bounding_box()
        document = accepted(
            "news-live", "The ferry sails again. It was mended in the night.", at=datetime.now(UTC)
        )
        fill(service, [document, extracted(document)])
        link = page.get_by_role("link", name="1 new summary")
        expect(link).to_be_visible()
        assert page.locator("#summaries").bounding_box() == top
        assert page.evaluate("window.shifts") == 0
        link.click()
        expect(page.get_by_role("heading", name="news-live")).to_be_visible()


def test_a_rating_elsewhere_shows_in_the_list_at_once(
    signed_in: Visit, service: FeedbackService, shown: Shown
) -> None:
    summary = shown.of("harbour-arabic")
    with signed_in() as page:
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        mark = page.locator(f"[data-summary='{summary.summary_id}'] .standing")
        before = mark.inner_text()
        with service.as_("ada") as ada:
            ada.post(f"/v1/summaries/{summary.summary_id}/feedback", json={"rating": "down"})
        expect(mark).not_to_have_text(before)
        expect(mark).to_have_attribute("title", "Rated down")


def test_a_submitted_text_is_watched_until_its_summary_appears(
    signed_in: Visit, service: FeedbackService
) -> None:
    text = "The bridge was closed for a week. Workers replaced forty beams. It carries trains again since Monday."
    with signed_in() as page:
        page.goto("/submit")
        page.get_by_label("Text", exact=True).fill(text)
        page.get_by_label("Title").fill("Bridge")
        page.keyboard.press("Control+Enter")
        page.wait_for_url("**/watch?id=*")
        step = page.locator("[aria-current=step]")
        expect(step).to_have_text("Accepted")
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        name = page.url.partition("id=")[2]
        document = accepted(name, text, at=datetime.now(UTC), title="Bridge", words=8)
        fill(service, [document])
        expect(step).to_have_text("Summarized")
        fill(service, [extracted(document)])
        expect(page.get_by_role("link", name="Read it beside its source")).to_be_visible()
        assert page.evaluate("window.shifts") == 0
        page.get_by_role("link", name="Read it beside its source").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Bridge")


def test_files_are_submitted_together(signed_in: Visit) -> None:
    with signed_in() as page:
        page.goto("/submit")
        page.get_by_label("or files").set_input_files(
            [
                {"name": "one.txt", "mimeType": "text/plain", "buffer": b"The first text. It is short."},
                {"name": "two.md", "mimeType": "text/markdown", "buffer": b"# Two\n\nThe second text."},
            ]
        )
        page.get_by_role("button", name="Summarize").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your documents")
        expect(page.get_by_role("article")).to_have_count(2)


def test_two_models_are_compared_with_one_key(signed_in: Visit, service: FeedbackService) -> None:
    with signed_in("ada") as page:
        page.goto("/compare")
        assert "lead-1" not in page.content()
        values = [button.get_attribute("value") for button in page.locator("button[name=better]").all()]
        page.keyboard.press("2")
        page.wait_for_url("**/compared?*")
        expect(page.locator(".chosen .badge")).to_have_text("your choice")
        assert "lead-1" in page.content()
        with service.as_("ada") as ada:
            said = ada.get(f"/v1/summaries/{values[1]}/feedback").json()["items"]
        assert said[-1]["preferred_over"] == values[0]
        page.keyboard.press("0")
        page.wait_for_url("**/compare")
        following = page.locator("button[name=better]").first.get_attribute("value")
        assert following not in values
