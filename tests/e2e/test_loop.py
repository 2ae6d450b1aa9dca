"""The whole learning loop in small, as `make demo-drift` shows it: drift, corrections, training, gate, swap."""

from __future__ import annotations

import io
from collections.abc import Generator

import pytest
from deploy.local.demo import DemoPlatform, show, told
from deploy.local.demo_data import Sizes
from deploy.local.demo_loop import Report
from deploy.local.ports import Ports
from mlflow import MlflowClient

from brevity.common.cli.terminal import Terminal
from tests.support.stack import Stack, require_local_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

SMALL = Sizes(usual=110, baseline=50, quiet_seconds=10)


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[DemoPlatform, Report, str]]:
    """A platform on which the loop has turned once, what happened, and what was shown of it."""
    require_local_stack()
    out = io.StringIO()
    console = Terminal(file=out, width=160)
    ports = Ports(*(Stack.free_port() for _ in Ports.__slots__))
    platform = DemoPlatform(tmp_path_factory.mktemp("loop"), ports, SMALL)
    try:
        platform.start()
        report = told(platform, SMALL, console)
        show(report, console)
        yield platform, report, out.getvalue()
    finally:
        platform.stop()


@pytest.mark.chaos_large
def test_drift_ends_in_a_better_model_that_writes_the_summaries(
    turned: tuple[DemoPlatform, Report, str],
) -> None:
    platform, report, shown = turned
    assert any(alarm["monitor"].startswith("input") for alarm in report.alarms)
    assert {alarm["model_version"] for alarm in report.alarms} == {report.first}
    assert (report.job["reason"], report.job["outcome"]) == ("drift", "promoted")
    assert report.first != report.new
    # Mean ROUGE-2 on documents that nobody trained on, as the platform's readers got them before and after.
    before, after = report.quality["dialogue"]
    assert before.documents == SMALL.held
    assert after.rouge2 > 1.1 * before.rouge2
    assert all(seconds >= 0 for _, seconds in report.stages)
    assert "ROUGE-2 before" in shown
    run = MlflowClient(platform.mlflow_url).get_run(report.job["mlflow_run_id"])
    assert run.data.metrics["in_service.dialogue.rouge2"] == pytest.approx(after.rouge2)
    assert run.data.params["data_version"].startswith("data-")


@pytest.mark.chaos_large
def test_a_model_of_shuffled_references_is_refused_and_the_champion_stays(
    turned: tuple[DemoPlatform, Report, str],
) -> None:
    platform, report, _ = turned
    assert (report.refused["state"], report.refused["outcome"]) == ("succeeded", "refused")
    assert "refused by the gate: ROUGE-2" in report.refused["message"]
    assert report.champion["model_version"] == report.new
    doors = platform.doors()
    try:
        version = doors.ask("GET", f"/v1/models/extractive/versions/{report.refused['version']}")
        assert version["decision"] == "refused"
        assert version["evidence"]["checks"]["quality"]["ok"] is False
        promoted = [event["version"] for event in doors.ask("GET", "/v1/models/extractive/promotions")]
        assert report.refused["version"] not in promoted
    finally:
        doors.close()
