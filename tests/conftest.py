"""Fixtures every tier may use."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from pymongo import monitoring

from tests.support.indexes import QueryListener
from tests.support.scheduling import Scheduling
from tests.support.stack import Stack, fresh_stack, require_local_stack


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    return Scheduling(config, log)


_queries = QueryListener()
monitoring.register(_queries)


@pytest.fixture(scope="session", autouse=True)
def indexes_serve_every_query() -> Generator[None]:
    """At the end of the session: what a service's own code asked of the store in this process."""
    yield
    assert not _queries.unserved(), "no index serves:\n" + "\n".join(_queries.unserved())


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    """Real Kafka, MongoDB-wire store and S3 server for the whole session, topics and bucket made."""
    require_local_stack()
    with fresh_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
