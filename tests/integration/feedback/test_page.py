"""The page without any script: signing in, reading, rating, correcting, submitting, comparing, over the real store."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from confluent_kafka import Consumer
from selectolax.lexbor import LexborHTMLParser, LexborNode

from brevity.common.events import DriftDetected, SummaryRequest, SummaryWarning
from brevity.common.events.learning import Window
from brevity.common.storage.s3 import S3ObjectStore
from brevity.feedback.mongo import mongo_client
from brevity.feedback.mongo.drift import DriftStore
from tests.support.feedback import accepted, completed, rejected
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.page_data import drifted
from tests.support.stack import Stack
from tests.support.topics import eventually

pytestmark = pytest.mark.stack

NOW = datetime.now(UTC).replace(microsecond=0)
HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
SCRIPT = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
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


@contextmanager
def browser(service: FeedbackService, name: str | None = "anna") -> Generator[httpx.Client]:
    """A client that behaves as a browser does on our pages; signed in as `name`, if any."""
    with httpx.Client(
        base_url=service.address, headers=HTML, trust_env=False, timeout=20, follow_redirects=True
    ) as client:
        if name is not None:
            answer = client.post("/login", data={"key": f"first-{name}-0123456789", "next": "/"})
            assert answer.status_code == 200, answer.text
            assert answer.url.path == "/"
        yield client


def tree(answer: httpx.Response, status: int = 200) -> LexborHTMLParser:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return LexborHTMLParser(answer.text)


def one(page: LexborHTMLParser, selector: str) -> LexborNode:
    found = page.css(selector)
    assert len(found) == 1, f"{len(found)} of {selector}"
    return found[0]


def words(node: LexborNode) -> str:
    return " ".join(node.text().split())


HARBOUR = completed("harbour").summary_id
HARBOUR_OTHER = completed("harbour", model_version="other-2").summary_id
HOSTILE = completed("hostile", text=f"{SCRIPT}. A storm had broken the pier.").summary_id


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
            field = one(page, f"[name={name}]")
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
            if message is None or message.error():
                continue
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
        client = mongo_client(service.mongo)
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
        assert ada.get("/models/extractive/1", headers=HTML).status_code == 503
        answer = ada.post("/models/extractive/rollback", data={"reason": "x"}, headers=HTML)
        assert answer.status_code == 503


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
