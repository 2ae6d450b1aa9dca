"""Every alert says how bad it is, leads to its chapter in the runbook, and is tested by promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promql import ROOT, RULES, rules

TESTS = sorted((RULES.parent / "tests").glob("*.yml"))
ALERTS = [rule for rule in rules() if "alert" in rule]
RUNBOOK = ROOT / "docs" / "operations.md"


def anchors() -> set[str]:
    """Of the runbook's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", RUNBOOK.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def tested() -> dict[str, set[bool]]:
    """For each alert, whether a test expects it to be quiet, to fire, or both."""
    found: dict[str, set[bool]] = {}
    for path in TESTS:
        for case in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for asked in case["promql_expr_test"]:
                name = re.search(r'alertname="(\w+)", alertstate="firing"', asked["expr"])
                assert name, asked
                found.setdefault(name.group(1), set()).add(bool(asked.get("exp_samples")))
    return found


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert notes["summary"]
    assert notes["description"].endswith(".")
    page, _, anchor = notes["runbook_url"].partition("#")
    assert ROOT / page == RUNBOOK
    assert anchor == alert["alert"].lower()
    assert anchor in anchors()


def test_every_alert_is_tested_quiet_and_firing_and_no_other() -> None:
    assert tested() == {alert["alert"]: {True, False} for alert in ALERTS}


def test_the_runbook_has_no_chapter_for_an_alert_that_is_gone() -> None:
    chapters = {name for name in anchors() if re.fullmatch(r"brevity[a-z]+", name)}
    assert chapters == {alert["alert"].lower() for alert in ALERTS}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian's package prometheus)")
@pytest.mark.parametrize("arguments", [["check", "config", str(RULES.with_name("prometheus.yml"))], *(["test", "rules", str(path)] for path in TESTS)], ids=lambda a: Path(a[-1]).stem)  # fmt: skip
def test_promtool_agrees(arguments: list[str]) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
