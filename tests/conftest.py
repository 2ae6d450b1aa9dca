"""Fixtures every tier may use."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.stack import Stack, fresh_stack, require_local_stack

TESTS = Path(__file__).parent
TOGETHER = ("chaos", "docker", "e2e", "integration/feedback", "integration/trainer", "unit/neural")
"""Folders whose tests share servers or models that take long to make: one worker runs all of each."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two workers share the tests: what belongs together, then whole files of other servers' tests, then single ones."""
    for item in items:
        place = item.path.relative_to(TESTS).as_posix()
        group = next((folder for folder in TOGETHER if place.startswith(f"{folder}/")), None)
        if group is None and place.startswith("integration/"):
            group = place
        if group is not None:
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Real Kafka, MongoDB-wire store and S3 server for the whole session, topics and bucket made."""
    require_local_stack()
    with fresh_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
