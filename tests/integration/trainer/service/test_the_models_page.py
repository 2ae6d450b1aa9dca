"""The models pages over a real trainer and a real registry, in Debian's Chromium: what is shown, decided and refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from confluent_kafka import Producer
from playwright.sync_api import Page, expect, sync_playwright

from brevity.common.events import ModelPromoted, ModelServed, encode
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.stack import Stack
from tests.support.trainer import wait_for
from tests.support.trainer_service import TrainerService

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs `chromium` on the PATH")
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
    "wide": {"viewport": {"width": 1600, "height": 900}},
}
Visit = Callable[..., Any]


@pytest.fixture(scope="module")
def page_service(stack: Stack, service: TrainerService) -> Generator[FeedbackService]:
    settings = {
        "BREVITY_FEEDBACK_TRAINER_URL": f"http://127.0.0.1:{service.port}",
        "BREVITY_AUTH_OPERATOR_TENANT": "first",
    }
    with running(planned(stack), settings) as started:
        yield started


@pytest.fixture(scope="module")
def visit(page_service: FeedbackService) -> Generator[Visit]:
    """Opens a page as somebody; whatever breaks the policy fails the test."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        @contextmanager
        def visiting(name: str, path: str, screen: str = "wide") -> Generator[Page]:
            context = browser.new_context(base_url=page_service.address, **SCREENS[screen])
            context.set_default_timeout(20_000)
            wrong: list[str] = []
            page = context.new_page()
            page.on(
                "console", lambda m: wrong.append(m.text) if "Content Security Policy" in m.text else None
            )
            page.goto(f"/login?next={path}")
            page.get_by_label("API key or token").fill(f"first-{name}-0123456789")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"**{path}")
            try:
                yield page
                assert wrong == []
            finally:
                context.close()

        yield visiting
        browser.close()


def serve(stack: Stack, promotion: dict[str, Any], at: datetime) -> None:
    """Say what a serving process says of a promotion that it has taken up."""
    event = ModelPromoted.model_validate(promotion)
    report = ModelServed(
        report_id=f"rep_test_{event.promotion_id}",
        promotion_id=event.promotion_id,
        engine=event.engine,
        model=event.model,
        version=event.version,
        model_version=event.model_version,
        state="in_service",
        reason=event.reason,
        process="test/1",
        promoted_at=event.promoted_at,
        reported_at=at,
    )
    record = encode(report, source="test", time=at)
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce(record.topic, key=record.key, value=record.value, headers=list(record.headers))
    assert producer.flush(20) == 0


def fits(page: Page, screen: str) -> None:
    """Nothing is too wide, and axe finds nothing in light and in dark."""
    page.evaluate("document.querySelectorAll('main details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["viewport"]["width"]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{scheme}: {results.generate_report()}"


@needs_chromium
def test_an_admin_reads_the_evidence_overrules_the_gate_and_takes_it_back(
    visit: Visit, service: TrainerService, refused: dict[str, Any], stack: Stack
) -> None:
    bad = refused["version"]
    place = f"/models/extractive/{bad}"
    before = service.get("/v1/models/extractive/versions/champion")
    kept = service.get(f"/v1/models/extractive/versions/{bad}/evaluation")
    with visit("ada", place) as page:
        rules = page.get_by_role("region", name="The gate's rules")
        row = rules.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Quality", exact=True))
        expect(row).to_contain_text(kept["checks"]["quality"]["why"])
        expect(row).to_contain_text(f"{kept['checks']['quality']['value']:+.4f}")
        expect(row.get_by_text("no", exact=True)).to_be_visible()
        groups = page.get_by_role("region", name="Change in ROUGE-2 by group")
        expect(groups.get_by_role("row")).to_have_count(2 + len(kept["groups"]))
        expect(groups).to_contain_text(f"{kept['gain']['low']:+.4f} to {kept['gain']['high']:+.4f}")
        assert "/#/experiments/" in (
            page.get_by_role("link", name="Parameters, metrics").get_attribute("href") or ""
        )
        fits(page, "wide")
        page.get_by_role("button", name=f"Promote version {bad}").click()  # a reason must be given
        assert page.url.endswith(place)
        page.get_by_label("Why").fill("to be seen in the ledger")
        page.get_by_role("button", name=f"Promote version {bad}").click()
        expect(page.get_by_role("status").first).to_contain_text("promoted")
        promoted = service.get("/v1/models/extractive/promotions")[0]
        assert (promoted["version"], promoted["decided_by"]) == (bad, "person:first/ada")
        assert promoted["vouched_by"] == "default/local"
        serve(stack, promoted, datetime.now(UTC) - timedelta(seconds=90))
        page.get_by_label("Why").fill("seen")
        page.get_by_role("button", name="Roll back").click()
        page.wait_for_url(f"**/models/extractive/{before['version']}?done=back")
        back = service.get("/v1/models/extractive/promotions")[0]
        assert (back["version"], back["reason"]) == (before["version"], "rolled back: seen")
        serve(stack, back, datetime.now(UTC) - timedelta(seconds=30))

        def ledger() -> str:
            page.goto("/models")
            return page.get_by_role("region", name="Who was in production of extractive").inner_text()

        wait_for("the ledger knows", lambda: "rolled back: seen" in ledger())
        assert "to be seen in the ledger" in ledger()
        instant = datetime.now(UTC) - timedelta(seconds=60)
        page.get_by_label("Who was in production at (UTC)").fill(f"{instant:%Y-%m-%dT%H:%M:%S}")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("status").first).to_contain_text(f"version {bad} ")
        versions = page.get_by_role("region", name="Versions of extractive")
        expect(versions.get_by_role("row", name=f"Version {bad} ")).to_contain_text("Promoted")
        page.set_viewport_size({"width": 1200, "height": 900})
        assert versions.evaluate("region => region.scrollWidth - region.clientWidth") == 0
        page.set_viewport_size(SCREENS["wide"]["viewport"])
        fits(page, "wide")
    assert service.get("/v1/models/extractive/versions/champion")["version"] == before["version"]


@needs_chromium
def test_the_pages_fit_a_phone_and_offer_nothing_to_those_who_may_not_decide(
    visit: Visit, refused: dict[str, Any]
) -> None:
    with visit("rita", "/models", "phone") as page:
        expect(
            page.get_by_role("link", name=f"Version {refused['version']}", exact=True).first
        ).to_be_visible()
        fits(page, "phone")
        page.goto(f"/models/extractive/{refused['version']}")
        fits(page, "phone")
        expect(page.get_by_role("button", name="Promote")).to_have_count(0)
        expect(page.get_by_role("link", name="Models").first).to_be_visible()


def test_decisions_need_the_role_the_own_page_and_a_reason(
    page_service: FeedbackService, service: TrainerService, refused: dict[str, Any]
) -> None:
    place = f"/models/extractive/{refused['version']}/promote"
    ours = {"Sec-Fetch-Site": "same-origin"}
    before = service.get("/v1/models/extractive/promotions")

    def asked(name: str, headers: dict[str, str], reason: str) -> int:
        with page_service.as_(name) as client:
            return client.post(place, data={"reason": reason}, headers=headers).status_code

    assert asked("anna", ours, "I may not") == 403
    assert asked("ada", {"Sec-Fetch-Site": "cross-site"}, "from elsewhere") == 403
    assert asked("ada", ours, "  ") == 422
    assert service.get("/v1/models/extractive/promotions") == before
    with page_service.as_("ada") as client:
        assert client.get("/models/extractive/999").status_code == 404
