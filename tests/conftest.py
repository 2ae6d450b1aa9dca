"""Fixtures every tier may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator

import pytest
from deploy.local.java import JARS

from tests.support.stack import Stack, fresh_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Real Kafka, MongoDB-wire store and S3 server for the whole session, topics and bucket made."""
    if (not JARS.exists() and shutil.which("mvn") is None) or shutil.which("java") is None:
        reason = "needs Java 17 and the jars of `make setup`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with fresh_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
