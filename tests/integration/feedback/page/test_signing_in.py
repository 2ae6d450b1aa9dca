"""Who may do what on the page: signing in and out, roles, other sites, the policy, other tenants."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.support.feedback import completed
from tests.support.feedback_service import FeedbackService
from tests.support.page_html import (
    HARBOUR,
    HARBOUR_OTHER,
    HOSTILE,
    SCRIPT,
    browser,
    one,
    tree,
    words,
)

pytestmark = pytest.mark.stack


def test_every_page_asks_who_you_are_and_leads_back(service: FeedbackService) -> None:
    with browser(service, None) as anybody:
        for path in (
            "/",
            "/submit",
            "/compare",
            "/quality",
            f"/summaries/{HARBOUR}?source=whole",
            "/watch?id=a",
        ):
            answer = anybody.get(path)
            assert answer.url.path == "/login"
            assert one(tree(answer), "input[name=next]").attributes["value"] == path
            assert "Summaries" not in words(one(tree(answer), "header"))


def test_a_key_signs_in_by_a_cookie_no_script_can_read(service: FeedbackService) -> None:
    with browser(service, None) as client:
        answer = client.post(
            "/login",
            data={"key": "first-anna-0123456789", "next": "/quality"},
            follow_redirects=False,
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/quality")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "secure" not in cookie
        assert "0123456789" not in cookie
        assert client.get("/v1/whoami").json()["subject"] == "anna"
        assert client.post("/logout").url.path == "/login"
        assert client.get("/").url.path == "/login"


def test_behind_https_the_cookie_is_secure(service: FeedbackService) -> None:
    with browser(service, None) as client:
        answer = client.post(
            "/login",
            data={"key": "first-anna-0123456789"},
            headers={"Origin": "https://brevity.example"},
            follow_redirects=False,
        )
        assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("key", ["first-anna-012345678", "wrong-wrong", "ключ-ключ-ключ-ключ", "k" * 5_000])
def test_a_wrong_key_is_told_and_kept_nowhere(service: FeedbackService, key: str) -> None:
    with browser(service, None) as client:
        answer = client.post("/login", data={"key": key})
        assert one(tree(answer, 403), "[role=alert]").text()
        assert "set-cookie" not in answer.headers
        assert key not in answer.text


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_signing_in_leads_only_to_pages_of_this_service(service: FeedbackService, where: str) -> None:
    with browser(service, None) as client:
        data = {"key": "first-anna-0123456789", "next": where}
        assert client.post("/login", data=data, follow_redirects=False).headers["location"] == "/"


def test_readers_can_sign_in_and_out_and_see_no_way_to_write(service: FeedbackService) -> None:
    with browser(service, "rita") as reader:
        page = tree(reader.get(f"/summaries/{HARBOUR}"))
        assert page.css("form[action$='/rate'], form[action$='/edit'], form[action$='/resummarize']") == []
        assert "role reviewer" in words(one(tree(reader.get("/submit")), "main"))
        assert reader.post(f"/summaries/{HARBOUR}/rate", data={"rating": "up"}).status_code == 403
        assert reader.post("/logout").url.path == "/login"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
@pytest.mark.parametrize(
    ("path", "data"),
    [
        (f"/summaries/{HARBOUR}/rate", {"rating": "up"}),
        (f"/summaries/{HARBOUR}/edit", {"edited_summary": "Other words."}),
        ("/submit", {"text": "A text."}),
        ("/compare", {}),
        (f"/v1/summaries/{HARBOUR}/feedback", {}),
        ("/logout", {}),
    ],
)
def test_what_another_site_sends_through_a_browser_is_refused(
    service: FeedbackService, path: str, data: dict[str, str], site: str
) -> None:
    with browser(service) as anna:
        answer = anna.post(path, data=data, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403
        assert "own page" in answer.text
        old = anna.post(path, data=data, headers={"Sec-Fetch-Site": "", "Origin": "https://evil.example"})
        assert old.status_code == 403


def test_programs_with_a_key_need_no_such_headers(service: FeedbackService) -> None:
    with service.as_("anna") as program:
        answer = program.post(f"/v1/summaries/{HARBOUR_OTHER}/feedback", json={"rating": "down"})
        assert answer.status_code == 201


def test_pages_carry_a_strict_policy_and_hold_no_inline_code(service: FeedbackService) -> None:
    with browser(service) as anna:
        for path in (
            "/",
            "/submit",
            "/compare",
            "/quality",
            f"/summaries/{HARBOUR}",
            "/watch?id=harbour",
            "/login",
        ):
            answer = anna.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            page = tree(answer)
            assert page.css("[style], style, [onclick], [onload]") == []
            assert all(node.attributes.get("src") for node in page.css("script"))
            links = [
                n.attributes.get("src") or n.attributes.get("href") for n in page.css("script, link, img, a")
            ]
            assert all(link and not re.match(r"\w+:|//", link) for link in links if link != "")


def test_files_of_the_page_are_kept_for_good_and_open_to_all(service: FeedbackService) -> None:
    with browser(service, None) as anybody:
        page = tree(anybody.get("/login"))
        for node in page.css("link, script"):
            answer = anybody.get(node.attributes.get("href") or node.attributes.get("src") or "")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_in_a_document_becomes_markup(service: FeedbackService) -> None:
    with browser(service) as anna:
        for path in (
            "/",
            f"/summaries/{HOSTILE}",
            "/watch?id=hostile",
            f"/?text={quote(SCRIPT)}",
            f"/watch?id={quote(SCRIPT)}",
        ):
            answer = anna.get(path)
            assert "alert(1)</script>" not in answer.text
            assert SCRIPT in tree(answer).text() or path.startswith("/?")


def test_of_another_tenants_documents_nothing_is_told(service: FeedbackService) -> None:
    foreign = completed("foreign", tenant="second").summary_id
    with browser(service) as anna:
        assert "not" in words(one(tree(anna.get(f"/summaries/{foreign}"), 404), "main"))
        assert anna.post(f"/summaries/{foreign}/rate", data={"rating": "up"}).status_code == 404
        assert "Rated" not in anna.get("/watch?id=foreign").text
        assert "foreign" not in words(one(tree(anna.get("/?text=harbour")), "main"))


def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(
    service: FeedbackService,
) -> None:
    with browser(service) as anna:
        answer = anna.get("/no/such/page")
        page = tree(answer, 404)
        assert one(page, "h1").text() == "There is no such page"
        assert page.css("nav a[href='/']")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert anna.put("/submit").status_code == 405
    with service.as_("anna") as program:
        told = program.get("/no/such/page")
        assert (told.status_code, told.json()["code"]) == (404, "not_found")
