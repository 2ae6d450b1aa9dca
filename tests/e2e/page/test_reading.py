"""Reading, rating and correcting in the browser: by mouse, by keyboard alone and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.support.feedback_service import FeedbackService
from tests.support.page_browser import NOW, Shown, Visit, needs_chromium

pytestmark = [pytest.mark.stack, needs_chromium]


def test_a_sentence_lights_exactly_what_supports_it(signed_in: Visit, shown: Shown) -> None:
    summary = shown.of("news-norwegian-1")
    source = shown.documents["news-norwegian-1"].text or ""
    with signed_in() as page:
        page.goto(f"/summaries/{summary.summary_id}")
        sentences = page.locator(".sentence")
        for number, sentence in enumerate(summary.sentences):
            expected = [
                source[span.start : span.end] for span in sorted(sentence.spans, key=lambda s: s.start)
            ]
            for act in ("hover", "focus", "click"):
                getattr(sentences.nth(number), act)()
                assert page.locator(".support.lit").all_text_contents() == expected
                assert sentences.nth(number).evaluate("e => e.classList.contains('lit')")
            if sentence.spans:
                first = page.locator(".support.lit").first
                expect(first).to_be_in_viewport()
        page.keyboard.press("Escape")
        page.mouse.move(5, 5)
        assert page.locator(".lit").count() == 0


def test_arrows_walk_the_sentences_and_are_left_alone_elsewhere(signed_in: Visit, shown: Shown) -> None:
    summary = shown.of("news-norwegian-1")
    assert len(summary.sentences) > 1
    with signed_in() as page:
        page.goto(f"/summaries/{summary.summary_id}")
        page.keyboard.press("ArrowDown")
        assert page.locator(".sentence.lit").count() == 0
        page.keyboard.press("j")
        expect(page.locator(".sentence").nth(0)).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.locator(".sentence").nth(1)).to_be_focused()
        expect(page.locator("#hint")).to_contain_text("Sentence 2 of")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        expect(page.locator(".sentence").nth(0)).to_be_focused()


def test_warnings_stand_in_place_with_what_they_mean(signed_in: Visit, shown: Shown) -> None:
    assert len(shown.doubtful.warnings) >= 2
    with signed_in() as page:
        page.goto(f"/summaries/{shown.doubtful.summary_id}")
        numbers = page.locator(".flag sup").all_text_contents()
        before = page.locator(".flag sup").evaluate_all(
            "all => all.map((e) => e.previousSibling.textContent)"
        )
        assert all(text == text.rstrip() for text in before)  # a number stands at its word
        assert [int(text.removeprefix("warning ")) for text in numbers if text] == sorted(
            range(1, len(shown.doubtful.warnings) + 1),
            key=lambda number: shown.doubtful.warnings[number - 1].start or 0,
        )
        page.evaluate("document.querySelectorAll('.flag sup').forEach((number) => number.remove())")
        flagged = "".join(page.locator(".flag").all_text_contents())
        for warning in shown.doubtful.warnings:
            assert shown.doubtful.summary[warning.start : warning.end] in flagged
        listed = page.get_by_role("region", name="To check").get_by_role("listitem")
        expect(listed).to_have_count(len(shown.doubtful.warnings))
        assert not any(".”." in text for text in listed.all_inner_texts())


def test_by_keyboard_alone_a_summary_is_found_read_rated_and_corrected(
    signed_in: Visit, service: FeedbackService, shown: Shown
) -> None:
    summary = shown.of("debates-french-1")
    with signed_in("ben", service_workers="block") as page:
        page.goto("/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("/")
        page.keyboard.type(" ".join(summary.summary.split()[:3]))
        page.keyboard.press("Enter")
        page.wait_for_url("**/?text=*")
        page.keyboard.press("j")
        for _ in range(5):
            if page.evaluate("document.activeElement.href").endswith(summary.summary_id):
                break
            page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/summaries/{summary.summary_id}")
        page.keyboard.press("d")
        expect(page.get_by_role("button", name="Not good")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("u")
        expect(page.get_by_role("button", name="Good", exact=False).first).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.get_by_role("button", name="Not good")).to_have_attribute("aria-pressed", "false")
        page.get_by_role("checkbox", name="Well written").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Save reasons").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Reasons saved.")).to_be_visible()
        page.keyboard.press("e")
        expect(page.get_by_label("The summary as it should be")).to_be_focused()
        page.keyboard.press("Control+Home")
        page.keyboard.type("Brièvement: ")
        expect(page.locator("#preview ins")).to_have_text("Brièvement: ")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Correction saved.")).to_be_visible()
    with service.as_("ben") as ben:
        said = ben.get(f"/v1/summaries/{summary.summary_id}/feedback").json()["items"]
    mine = [entry for entry in said if entry["reviewer"] == "ben"]
    assert [entry.get("rating") for entry in mine][-4:] == ["down", "up", "up", None]
    assert mine[-2]["reasons"] == ["well_written"]
    assert mine[-1]["edited_summary"] == "Brièvement: " + summary.summary


def test_single_keys_rest_while_one_types_and_can_be_turned_off(
    signed_in: Visit, service: FeedbackService, shown: Shown
) -> None:
    address = f"/v1/summaries/{shown.of('science-tldr-1').summary_id}/feedback"

    def count() -> int:
        with service.as_("anna") as anna:
            return len(anna.get(address).json()["items"])

    before = count()
    with signed_in() as page:
        page.goto(f"/summaries/{shown.of('science-tldr-1').summary_id}")
        page.keyboard.press("e")
        page.keyboard.type("ud")
        page.keyboard.press("Escape")
        expect(page.locator("#edit > summary")).to_be_focused()
        expect(page.locator("#edited")).to_be_hidden()
        expect(page.locator("#edited")).to_have_value(re.compile("ud"))
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.get_by_label("Single keys are on").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        page.reload()
        page.keyboard.press("u")
        page.wait_for_timeout(300)
    assert count() == before


def test_when_the_service_refuses_nothing_written_is_lost(signed_in: Visit, shown: Shown) -> None:
    with signed_in() as page:
        page.goto(f"/summaries/{shown.of('meetings-1').summary_id}")
        page.keyboard.press("e")
        page.get_by_role("button", name="Save correction").click()
        expect(page.locator("#say")).to_contain_text("same as the summary")
        expect(page.locator("#say")).to_have_text(re.compile(r"^[A-Z].*[^.]\.$"))
        expect(page.get_by_label("The summary as it should be")).to_have_value(shown.of("meetings-1").summary)


def test_reading_paging_and_rating_need_no_script(
    signed_in: Visit, service: FeedbackService, shown: Shown
) -> None:
    summary = shown.of("meetings-1")
    with signed_in("ben", java_script_enabled=False) as page:
        page.goto(f"/summaries/{summary.summary_id}")
        page.locator(".sentence").first.click()
        target = page.locator(":target + .support")
        expect(target).to_be_in_viewport()
        page.get_by_role("link", name="Show all of it").click()
        assert len(page.locator(".source .text").inner_text()) > 30_000
        page.get_by_role("button", name="Not good").click()
        expect(page.get_by_role("button", name="Not good")).to_have_attribute("aria-pressed", "true")
        page.get_by_text("Too short").check(force=True)
        page.get_by_role("button", name="Save reasons").click()
        expect(page.get_by_label("Too short")).to_be_checked()
    with signed_in("ben", java_script_enabled=False) as page:
        page.goto(f"/?until={NOW + timedelta(days=1):%Y-%m-%d}")
        page.get_by_label("Words of title or summary").fill("harbour-nowhere")
        page.get_by_role("button", name="Search").click()
        expect(page.get_by_text("No summary fits.")).to_be_visible()
