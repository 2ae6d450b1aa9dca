"""What the workflows may do, and that they speak of images and files that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = {"ingest", "summarize", "feedback", "trainer", "mlflow", "neural"}


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())


def _steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_permitted_that_a_job_does_not_ask_for(path: Path) -> None:
    workflow = _load(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert "write-all" not in str(job["permissions"]), name
        assert "uses" in job or job["timeout-minutes"] <= 60, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_says_its_version(path: Path) -> None:
    used = re.findall(r"uses: (?!\./)(\S+)(.*)", path.read_text())
    for action, comment in used:
        assert re.search(r"@[0-9a-f]{40}$", action), action
        assert re.match(r" # v\d+\.\d+\.\d+$", comment), action


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_text_of_others_becomes_part_of_a_script(path: Path) -> None:
    for step in _steps(_load(path)):
        assert "${{" not in step.get("run", ""), step.get("name")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_checkout_leaves_its_token_behind(path: Path) -> None:
    for step in _steps(_load(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_image_is_built_in_both_and_is_a_target() -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.MULTILINE))
    assert stages >= TARGETS
    for name, job in (("ci.yml", "images"), ("cd.yml", "build")):
        built = _load(ROOT / ".github/workflows" / name)["jobs"][job]["strategy"]["matrix"]["target"]
        assert set(built) == TARGETS


def test_every_script_that_a_workflow_calls_is_there() -> None:
    called = {
        name for path in WORKFLOWS for name in re.findall(r"(?:deploy/aws|\.ci)/[\w.-]+", path.read_text())
    }
    called = {name for name in called if not name.endswith("/*") and "*" not in name}
    assert {"deploy/aws/rollout.sh", "deploy/aws/smoke.py", ".ci/run"} <= called
    for name in called:
        assert (ROOT / name).exists(), name


def test_the_docs_name_every_variable_and_secret_that_the_workflows_read() -> None:
    page = (ROOT / "docs/aws.md").read_text()
    read = {
        name
        for path in WORKFLOWS
        for name in re.findall(r"(?:vars|secrets)\.([A-Z][A-Z_]+)", path.read_text())
    }
    assert read
    assert [name for name in sorted(read) if f"`{name}`" not in page] == []


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="needs actionlint")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
