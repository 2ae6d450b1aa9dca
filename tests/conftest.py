"""Fixtures every tier may use."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.support.stack import Stack, fresh_stack, require_local_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Real Kafka, MongoDB-wire store and S3 server for the whole session, topics and bucket made."""
    require_local_stack()
    with fresh_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
