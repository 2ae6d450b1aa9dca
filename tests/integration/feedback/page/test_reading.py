"""Finding, reading, exporting, rating, correcting and comparing, without any script."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from tests.support.feedback_service import FeedbackService
from tests.support.page_html import (
    HARBOUR,
    HARBOUR_OTHER,
    HOSTILE,
    NOW,
    browser,
    one,
    tree,
    words,
)

pytestmark = pytest.mark.stack


def test_the_list_is_paged_and_shows_each_summary_once(service: FeedbackService) -> None:
    with browser(service) as anna:
        seen: list[str] = []
        path: str | None = "/?language=fr"
        while path:
            page = tree(anna.get(path))
            seen += [node.attributes["data-summary"] or "" for node in page.css("#summaries > li")]
            older = page.css("a[rel=next]")
            path = older[0].attributes["href"] if older else None
        assert len(seen) == len(set(seen)) == 45


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=harbour+friday&language=en", 1),
        ("text=nowhere", 0),
        ("model_version=other-2", 1),
        ("warnings=yes", 1),
        ("language=fr&until=" + f"{NOW - timedelta(days=3):%Y-%m-%d}", 0),
        ("language=fr&since=" + f"{NOW - timedelta(days=3):%Y-%m-%d}", 20),
    ],
)
def test_filters_narrow_the_list_and_stay_chosen(service: FeedbackService, query: str, found: int) -> None:
    with browser(service) as anna:
        page = tree(anna.get(f"/?{query}"))
        assert len(page.css("#summaries > li")) == found
        for name, value in httpx.QueryParams(query).items():
            field = one(page, f".filters [name={name}]")
            chosen = field.css_first("option[selected]") or field
            assert chosen.attributes["value"] == value


@pytest.mark.parametrize("query", ["since=yesterday", "rating=best", "cursor=nonsense", "until=9999-12-31"])
def test_a_filter_that_is_none_is_told_on_a_page(service: FeedbackService, query: str) -> None:
    with browser(service) as anna:
        assert "did not work" in words(one(tree(anna.get(f"/?{query}"), 422), "h1"))


def test_the_reading_view_marks_what_supports_each_sentence(service: FeedbackService) -> None:
    with browser(service) as anna:
        page = tree(anna.get(f"/summaries/{HARBOUR}"))
        sentence = one(page, ".sentence")
        assert words(sentence) == "The harbour was closed on Friday."
        support = one(page, f"[data-by~='{sentence.attributes['data-sentence']}']")
        assert support.text() == "The harbour was closed on Friday."
        assert page.css(sentence.attributes["href"] or "")  # without scripts the sentence leads there
        assert "A storm had broken the pier." in words(one(page, ".source"))


def test_every_export_that_is_offered_is_there(service: FeedbackService) -> None:
    with browser(service, "rita") as reader:
        links = tree(reader.get(f"/summaries/{HARBOUR}")).css(".exports a")
        assert len(links) == 4
        for link in links:
            answer = reader.get(link.attributes["href"] or "", timeout=60)
            assert answer.status_code == 200
            assert "attachment" in answer.headers["content-disposition"]
            assert len(answer.content) > 100


def test_the_list_exports_what_was_chosen_or_else_all_that_fits(service: FeedbackService) -> None:
    with browser(service, "rita") as reader:
        page = tree(reader.get(f"/?language=fr&warnings=no&since={NOW - timedelta(days=3):%Y-%m-%d}"))
        form = one(page, "form#export")
        fields = {node.attributes["name"] or "": node.attributes["value"] or "" for node in form.css("input")}
        address = form.attributes["action"] or ""
        boxes = [node.attributes["value"] or "" for node in page.css("input[name=id][form=export]")]
        assert len(boxes) == 20
        chosen = reader.get(address, params={**fields, "format": "md", "id": boxes[1:3]})
        assert "2 summaries" in chosen.text
        assert 'filename="summaries-2.md"' in chosen.headers["content-disposition"]
        everything = reader.get(address, params={**fields, "format": "jsonl"}).text.splitlines()
        shown = {json.loads(line)["summary"]["summary_id"] for line in everything}
        assert len(shown) == 45
        assert set(boxes) <= shown


def test_a_rating_with_reasons_is_kept_and_shown_again(service: FeedbackService) -> None:
    with browser(service, "ben") as ben:
        data = {"rating": "down", "reasons": ["wrong_fact", "too_long"], "comment": "  Not Friday. "}
        page = tree(ben.post(f"/summaries/{HARBOUR}/rate", data=data))
        pressed = [node.attributes["value"] for node in page.css("[aria-pressed=true]")]
        assert pressed == ["down"]
        chosen = {node.attributes["value"] for node in page.css("input[name=reasons][checked]")}
        assert chosen == {"wrong_fact", "too_long"}
        assert one(page, "#comment").text() == "Not Friday."
        history = words(one(page, ".history"))
        assert "Rated down by ben: a fact is wrong, too long “Not Friday.”" in history
        [said] = [
            item
            for item in ben.get(f"/v1/summaries/{HARBOUR}/feedback").json()["items"]
            if item["reviewer"] == "ben" and item.get("comment")
        ]
        assert said["reasons"] == ["wrong_fact", "too_long"]


def test_a_correction_is_kept_with_what_it_changed(service: FeedbackService) -> None:
    with browser(service, "ben") as ben:
        data = {"edited_summary": "The harbour was closed on Saturday."}
        page = tree(ben.post(f"/summaries/{HARBOUR}/edit", data=data))
        assert [words(node) for node in page.css(".history del")] == ["Friday"]
        assert [words(node) for node in page.css(".history ins")] == ["Saturday"]
        assert one(page, "#edited").text() == "The harbour was closed on Saturday."
        again = ben.post(
            f"/summaries/{HARBOUR}/edit", data={"edited_summary": "The harbour was closed on Friday."}
        )
        assert "same" in words(one(tree(again, 422), "main"))


@pytest.mark.parametrize("data", [{}, {"rating": "best"}, {"rating": "up", "reasons": ["because"]}])
def test_a_rating_that_is_none_is_told(service: FeedbackService, data: dict[str, str | list[str]]) -> None:
    with browser(service) as anna:
        assert words(one(tree(anna.post(f"/summaries/{HARBOUR}/rate", data=data), 422), "h1"))


def test_two_models_are_compared_blind_and_the_choice_is_kept(service: FeedbackService) -> None:
    with browser(service, "ada") as ada:
        answer = ada.get("/compare")
        page = tree(answer)
        assert "other-2" not in answer.text
        assert "extractive" not in answer.text
        buttons = [node.attributes["value"] or "" for node in page.css("button[name=better]")]
        assert set(buttons) == {HARBOUR, HARBOUR_OTHER}
        data = {"one": buttons[0], "other": buttons[1], "better": HARBOUR_OTHER}
        after = ada.post("/compare", data=data)
        assert words(one(tree(after), ".chosen h2")) == "other-2 your choice"
        [said] = [
            item
            for item in ada.get(f"/v1/summaries/{HARBOUR_OTHER}/feedback").json()["items"]
            if item["reviewer"] == "ada"
        ]
        assert said["preferred_over"] == HARBOUR
        assert "nothing" in words(one(tree(ada.get("/compare")), "main"))


def test_a_choice_between_what_cannot_be_compared_is_refused(service: FeedbackService) -> None:
    with browser(service) as anna:
        for data in (
            {"one": HARBOUR, "other": HOSTILE, "better": HARBOUR},
            {"one": HARBOUR, "other": HARBOUR, "better": HARBOUR},
            {"one": HARBOUR, "other": HARBOUR_OTHER, "better": HOSTILE},
        ):
            assert anna.post("/compare", data=data).status_code == 422


def test_a_pair_that_was_skipped_does_not_come_back_at_once(service: FeedbackService) -> None:
    with browser(service, "anna") as anna:
        page = tree(anna.get("/compare"))
        following = tree(anna.get(one(page, "[data-skip]").attributes["href"] or ""))
        assert "nothing more" in words(one(following, "main"))
