"""One filled service and one browser for all of these tests."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.page_browser import CHROMIUM, NOW, SCREENS, Scheme, Shown, Visit, done, fill
from tests.support.page_data import drifted
from tests.support.stack import Stack

WATCHED = """
window.shifts = 0; window.violations = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@pytest.fixture(scope="package")
def shown() -> Shown:
    return Shown()


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def chromium() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
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
