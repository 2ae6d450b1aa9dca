"""What holds of every page, on a phone and on a wide screen, in light and in dark: accessible, small, still, in order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.support.feedback_service import FeedbackService
from tests.support.page_browser import SCREENS, Scheme, Shown, Visit, needs_chromium

pytestmark = [pytest.mark.stack, needs_chromium]

MOST_BYTES = 100_000
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


def test_on_a_tablet_and_a_small_laptop_nothing_is_cut_off(signed_in: Visit) -> None:
    with signed_in() as page:
        page.set_viewport_size({"width": 1200, "height": 900})
        page.goto("/quality")
        assert (
            page.get_by_role("region", name="Languages, table").evaluate("e => e.scrollWidth - e.clientWidth")
            == 0
        )
        page.set_viewport_size({"width": 768, "height": 1000})
        bar = page.get_by_role("banner").bounding_box()
        assert bar is not None
        assert bar["height"] < 60  # one row


def test_escape_closes_the_account_menu_as_does_going_elsewhere(signed_in: Visit) -> None:
    with signed_in() as page:
        menu = page.locator(".account")
        for leave in (
            lambda: page.keyboard.press("Escape"),
            lambda: page.get_by_role("heading", level=1).click(),
        ):
            menu.locator("summary").click()
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            leave()
            expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
        menu.locator("summary").click()
        page.get_by_role("button", name="Sign out").focus()
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
