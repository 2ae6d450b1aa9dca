"""The page in Debian's Chromium, on real documents: what a person sees, hears and does, on a phone and on a wide screen,
in light and in dark, by mouse, by keyboard alone and without scripts."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from brevity.common.events import DocumentAccepted, SummaryCompleted
from brevity.feedback.model import PipelineEvent
from tests.support.feedback import rejected
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.page_data import accepted, drifted, extracted, sample_events, written
from tests.support.stack import Stack

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(CHROMIUM is None, reason="needs `chromium` on the PATH"),
]

NOW = datetime.now(UTC).replace(microsecond=0)
NAMES = ("clinic-dialogue-1", "science-tldr-1", "news-norwegian-1", "debates-french-1", "meetings-1")
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "wide": {"viewport": {"width": 1600, "height": 900}},
}
MOST_BYTES = 100_000

WATCHED = """
window.shifts = 0; window.violations = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


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


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown()


@pytest.fixture(scope="module")
def service(stack: Stack, shown: Shown) -> Generator[FeedbackService]:
    with running(planned(stack)) as started:
        fill(started, shown.events)
        done(drifted(started, NOW))
        for number, (name, rating) in enumerate((("anna", "up"), ("ben", "down"), ("ada", "up"))):
            with started.as_(name) as client:
                for document in list(shown.documents)[: 3 + number]:
                    address = f"/v1/summaries/{shown.of(document).summary_id}/feedback"
                    assert client.post(address, json={"rating": rating}).status_code == 201
        yield started


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


Visit = Callable[..., Any]
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, service: FeedbackService) -> Visit:
    """Opens a page, signed in by the form; whatever breaks the policy or leaves the origin fails the test."""
    states: dict[str, Any] = {}

    def sign_in(name: str) -> Any:
        context = chromium.new_context(base_url=service.address)
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("API key or token").fill(f"first-{name}-0123456789")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Summaries")
        state = context.storage_state()
        context.close()
        return state

    @contextmanager
    def visiting(
        name: str = "anna", screen: str = "wide", scheme: Scheme = "light", **options: Any
    ) -> Generator[Page]:
        if name not in states:
            states[name] = sign_in(name)
        context = chromium.new_context(
            base_url=service.address,
            storage_state=states[name],
            color_scheme=scheme,
            reduced_motion="reduce",
            **SCREENS[screen],
            **options,
        )
        context.set_default_timeout(10_000)
        context.add_init_script(WATCHED)
        wrong = _complaints(context, service.address)
        page = context.new_page()
        page.goto("/")
        try:
            yield page
            if options.get("java_script_enabled", True):
                wrong += page.evaluate("window.violations")
            assert wrong == []
        finally:
            context.close()

    return visiting


def _complaints(context: BrowserContext, address: str) -> list[str]:
    wrong: list[str] = []

    def on_request(request: Any) -> None:
        if not request.url.startswith((address + "/", "data:")):
            wrong.append(f"asked {request.url}")

    def on_console(message: Any) -> None:
        # A page for a refused request is told on the console too: that is no fault of the page.
        if message.type == "error" and "the server responded with a status of" not in message.text:
            wrong.append(message.text)

    context.on("request", on_request)
    context.on("console", on_console)
    context.on("weberror", lambda error: wrong.append(str(error.error)))
    return wrong


PAGES = (
    "list", "filtered", "reading", "warnings", "right-to-left", "long", "submit", "watch", "compare", "quality", "error", "unknown",
)  # fmt: skip


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_small_and_still(signed_in: Visit, shown: Shown, name: str, screen: str) -> None:
    """Axe finds nothing in light and dark, nothing moves, the first load is under 100 KB, nothing is too wide."""
    with signed_in(screen=screen) as page:
        page.goto("about:blank")  # ends what the first page is still loading
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.setCacheDisabled", {"cacheDisabled": True})
        sizes: list[float] = []
        network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(shown.pages()[name])
        page.wait_for_load_state("load")
        page.wait_for_timeout(300)  # for modules to run and fonts to settle
        assert 0 < sum(sizes) < MOST_BYTES
        assert page.evaluate("window.shifts") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["viewport"]["width"]
        page.evaluate(
            "document.querySelectorAll('main details').forEach((details) => { details.open = true; })"
        )
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            results = Axe().run(page)
            assert results.violations_count == 0, f"{scheme}: {results.generate_report()}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_way_in_is_accessible_too(chromium: Browser, service: FeedbackService, scheme: Scheme) -> None:
    context = chromium.new_context(base_url=service.address, color_scheme=scheme)
    page = context.new_page()
    page.goto("/quality?days=7")
    page.get_by_label("API key or token").fill("a-key-nobody-was-given")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not known")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    page.get_by_label("API key or token").fill("first-anna-0123456789")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quality")
    assert page.evaluate("document.cookie") == ""
    page.locator(".account > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    context.close()


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
        page.locator("#edited").blur()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.get_by_label("Single keys are on").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        page.reload()
        page.keyboard.press("u")
        page.wait_for_timeout(300)
    assert count() == before


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


def test_when_the_service_refuses_nothing_written_is_lost(signed_in: Visit, shown: Shown) -> None:
    with signed_in() as page:
        page.goto(f"/summaries/{shown.of('meetings-1').summary_id}")
        page.keyboard.press("e")
        page.get_by_role("button", name="Save correction").click()
        expect(page.locator("#say")).to_contain_text("same as the summary")
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


def test_the_headings_and_landmarks_of_every_page_form_an_outline(signed_in: Visit, shown: Shown) -> None:
    with signed_in() as page:
        for path in shown.pages().values():
            page.goto(path)
            levels = page.evaluate(
                "[...document.querySelectorAll('h1,h2,h3,h4')].filter(h => h.checkVisibility()).map(h => +h.tagName[1])"
            )
            assert levels.count(1) == 1
            assert all(after - before <= 1 for before, after in pairwise(levels))
            for role in ("banner", "main", "navigation"):
                assert page.get_by_role(role).count() >= 1
            assert page.title() not in ("", "Brevity")


def test_what_has_the_focus_is_seen_and_follows_the_order_of_the_page(signed_in: Visit, shown: Shown) -> None:
    with signed_in() as page:
        for name in ("list", "reading", "submit", "compare", "quality"):
            page.goto(shown.pages()[name])
            places: list[int] = []
            for _ in range(25):
                page.keyboard.press("Tab")
                found = page.evaluate(
                    """() => { const e = document.activeElement; if (e === document.body) return null;
                    const s = getComputedStyle(e); const near = e.closest('article, .chip') ?? e;
                    const ring = [e, near, e.nextElementSibling].some((x) => x && getComputedStyle(x).outlineStyle !== 'none');
                    return [[...document.querySelectorAll('*')].indexOf(e), ring]; }"""
                )
                if found is None:
                    break
                assert found[1], (
                    f"{name}: no ring around {page.evaluate('document.activeElement.outerHTML')[:200]}"
                )
                places.append(found[0])
            assert len(places) > 5
            assert places == sorted(places)
